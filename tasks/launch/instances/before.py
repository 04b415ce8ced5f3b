"""The commands that run before a release serves: each once in an environment, under limits.

They stand at `release` in a Procfile and at `before` in a project: migrations and the like. Each
runs under a shim of its own, so that one whose launch was killed is waited for, not run twice.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from blocks.providers.interface import End, Outcome
from blocks.providers.process import detached
from blocks.reason import with_reason
from blocks.redaction import last_lines, redact
from tasks.cancellation import is_cancelled
from tasks.errors import SlipwayError
from tasks.launch.instances.command import CommandLine
from tasks.launch.lock import locked
from tasks.ledger.befores import (
    BeforeRow,
    BeforeState,
    command_digest,
    find_before,
    record_before,
    unfinished_befores,
)
from tasks.ledger.connection import Ledger
from tasks.narration import doing, tell
from tasks.release import Release

_POLL_SECONDS = 0.05
_GRACE_SECONDS = 10.0
_LOG_BYTES = 1_000_000
_LOG_FILES = 2
_LOG_LINES = 15
_SEARCHED_LINES = 400


class BeforeError(SlipwayError):
    """A command that must succeed before a release serves has failed."""


@dataclass(frozen=True, slots=True)
class BeforeCommand:
    """One command: ``where`` it is configured, its ``text`` there, and how it is run."""

    where: str
    text: str
    line: CommandLine


@dataclass(frozen=True, slots=True)
class Before:
    """Runs the commands before releases of ``project`` serve in ``environment``.

    ``folder`` is where each command gets a folder of its own; the values of ``secrets`` do not
    appear in errors.
    """

    ledger: Ledger
    project: str
    environment: str
    folder: Path
    timeout_seconds: float
    secrets: Collection[str]
    clock: Callable[[], float] = time.time

    def run(self, release: Release, commands: Sequence[BeforeCommand]) -> None:
        """Run ``commands`` in their order, except those that have succeeded for ``release``.

        Raises:
            BeforeError: One failed, took too long, or could not be started; the rest is not run.
        """
        with locked(self.folder / f".{self.project}-{self.environment}.before.lock"):
            for command in commands:
                self._run(release, command)

    def _run(self, release: Release, command: BeforeCommand) -> None:
        key = (self.project, self.environment, release.digest, command_digest(command.text))
        row = find_before(self.ledger, *key)
        if row is not None and row.state == BeforeState.SUCCEEDED:
            return
        if row is None or row.state == BeforeState.FAILED or _ended_without_success(row.directory):
            name = f"{self.project}-{self.environment}-before-{uuid.uuid4().hex[:8]}"
            row = BeforeRow(*key, self.folder / name, BeforeState.RUNNING, self.clock())
            record_before(self.ledger, row)  # first, so that it is found after a crash
        self._start(release, command, row)  # a shim starts at most once in a folder
        with doing(f"running {command.where}: `{redact(command.text, self.secrets)}`"):
            outcome = _wait_for_end(row.directory)
        state = BeforeState.SUCCEEDED if outcome.end is End.SUCCEEDED else BeforeState.FAILED
        record_before(self.ledger, replace(row, state=state, at=self.clock()))
        if state is BeforeState.FAILED:
            raise BeforeError(self._failure_message(release, command, outcome, row.directory))
        tell(self._success_message(command, outcome, row.directory))

    def _start(self, release: Release, command: BeforeCommand, row: BeforeRow) -> None:
        spec = detached.ShimSpec(
            directory=row.directory,
            argv=command.line.argv,
            cwd=release.source,
            timeout_seconds=self.timeout_seconds,
            grace_seconds=_GRACE_SECONDS,
            log_bytes=_LOG_BYTES,
            log_files=_LOG_FILES,
            durable=True,
        )
        try:
            detached.start(spec, command.line.environment)
        except (detached.ShimError, OSError) as error:
            raise BeforeError(f"{command.where}: {error}") from error

    def _success_message(self, command: BeforeCommand, outcome: Outcome, directory: Path) -> str:
        """Return that ``command`` succeeded, with its last lines."""
        command_text = redact(command.text, self.secrets)
        last = last_lines(detached.log_path(directory), _LOG_LINES, self.secrets)
        result = f"{command.where}: `{command_text}` succeeded in {outcome.seconds:.1f} s"
        return "\n".join([f"{result}. Its last lines:" if last else f"{result}.", *last])

    def _failure_message(
        self, release: Release, command: BeforeCommand, outcome: Outcome, directory: Path
    ) -> str:
        searched = last_lines(detached.log_path(directory), _SEARCHED_LINES, self.secrets)
        lines = with_reason(searched, _LOG_LINES)
        message = redact(
            f"{command.where}: `{command.text}` has to succeed before {release.project} "
            f"{release.version} serves in {self.environment}, and it {_ending(outcome)}. "
            "Nothing was switched; fix it and start again: only what failed is repeated.",
            self.secrets,
        )
        return "\n".join([message, "Its last lines:", *(lines or ["(it wrote nothing)"])])


def running_befores(ledger: Ledger, project: str, environment: str) -> set[str]:
    """Return the digests of the releases whose commands run there now, also of a dead launch."""
    return {
        row.release
        for row in unfinished_befores(ledger, project, environment)
        if detached.is_running(row.directory)
    }


def _ended_without_success(directory: Path) -> bool:
    """Tell whether it has ended without success while nobody waited for it."""
    status = detached.status(directory)
    return isinstance(status, detached.Ended) and status.outcome.end is not End.SUCCEEDED


def _ending(outcome: Outcome) -> str:
    if outcome.end is End.TIMED_OUT:
        return f"took too long ({outcome.cause})"
    return f"failed ({outcome.cause or outcome.end})"


def _wait_for_end(directory: Path) -> Outcome:
    """Return how it ended; end it where the run is cancelled or the waiting is cut short."""
    try:
        while not isinstance(status := detached.status(directory), detached.Ended):
            if is_cancelled():
                detached.stop(directory, _GRACE_SECONDS)
            time.sleep(_POLL_SECONDS)
    except BaseException:
        detached.stop(directory, 0)
        raise
    return status.outcome
