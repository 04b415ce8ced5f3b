"""The results of the steps of a workload, and the errors of a step."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from blocks.file_system import full_file_system, tells_no_room
from blocks.providers.interface import Outcome
from tasks.errors import SlipwayError


class StepState(StrEnum):
    """The end of a step, seen from its workload."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"
    SKIPPED = "skipped"
    NOT_RUN = "not run"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class StepResult:
    """The end of one step; times are epoch seconds, None if it was never started.

    ``detail`` says in one line why it did not succeed. ``resumed`` marks a step that a former run
    of the workload had finished; ``taken`` says from which other run its outcome was taken over,
    and why. ``parts`` is the number of steps that a step with `foreach` was
    expanded to; ``group`` is the id under which other steps need it, or a step of a matrix.
    """

    step: str
    state: StepState
    detail: str = ""
    provider: str = ""
    outcome: Outcome | None = None
    attempts: int = 0
    ready_at: float | None = None
    resumed: bool = False
    parts: int | None = None
    group: str = ""
    taken: str = ""

    @property
    def kept(self) -> bool:
        """Whether its outcome is that of a former run, so that this one did not execute it."""
        return self.resumed or bool(self.taken)

    @property
    def succeeded(self) -> bool:
        """Whether it ran and succeeded."""
        return self.state is StepState.SUCCEEDED

    @property
    def harmless(self) -> bool:
        """Whether the workload can succeed with it: it succeeded, or was skipped on purpose."""
        return self.state in {StepState.SUCCEEDED, StepState.SKIPPED}


class StepFailedError(SlipwayError):
    """An attempt of a step that ran and did not succeed, with its ``outcome``.

    Where one of its last lines says that a disk is full, ``last_line`` is that one, and ``remedy``
    names the file system.
    """

    def __init__(self, step: str, outcome: Outcome, tail: str = "") -> None:
        self.step = step
        self.outcome = outcome
        lines = tail.rstrip().splitlines() or [""]
        without_room = [line for line in lines if tells_no_room(line)]
        self.last_line = (without_room or lines)[-1].strip()
        self.remedy = ""
        if without_room:
            self.remedy = full_file_system(tail, outcome.log_path or Path.cwd())
        last = f"\nIts last lines:\n{tail}" if tail else ""
        super().__init__(f"{step} {failure_of(outcome)}{last}\n{self.remedy}".rstrip())

    @property
    def brief(self) -> str:
        """How the attempt ended, in one line with its last line of output."""
        last = f"; its last line: {self.last_line}" if self.last_line else ""
        return f"{failure_of(self.outcome)}{last}{f'. {self.remedy}' if self.remedy else ''}"


class RefusedError(SlipwayError):
    """No provider can take the step any more; trying again would not help."""


def failure_of(outcome: Outcome) -> str:
    """Return in a few words how a step failed."""
    why = outcome.cause
    if not why and outcome.exit_code is not None:
        why = f"exit code {outcome.exit_code}"
    return f"{outcome.end.value}: {why}" if why else outcome.end.value
