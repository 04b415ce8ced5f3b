"""The runner of attempts: begun in the ledger, run by a provider, and recorded with their timings."""

from __future__ import annotations

import asyncio
import re
import time
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from pathlib import Path

from blocks.providers.interface import Command, End, Outcome, Provider
from blocks.redaction import redactor_of
from tasks.companion import fault_of, to_its_end
from tasks.distribute.dispatch.resume import unfinished
from tasks.distribute.dispatch.step_output import VARIABLE, output_path, with_output
from tasks.errors import SlipwayError
from tasks.ledger.executions import (
    Execution,
    FinishedExecution,
    Timing,
    begin_executions,
    finish_executions,
)
from tasks.ledger.group_commit import GroupCommit
from tasks.ledger.workloads import WorkloadLease
from tasks.workload import Step, StepReport

# Not `${directory}`, which belongs to the shell.
_DIRECTORY = re.compile(r"(?<!\$)\{directory\}")


ReadReport = Callable[[Step, Path, Outcome], StepReport]
"""Reads the report that an execution left in its directory."""


def no_report(_step: Step, _directory: Path, _outcome: Outcome) -> StepReport:
    """Read nothing."""
    return StepReport()


class StepRunner:
    """Executes attempts of one workload's steps on ``providers``, each exactly once.

    ``former`` are the attempts of former runs of the workload. The first attempt of a step that has
    one without an outcome adopts it, whether it still runs or has ended meanwhile. Begins and ends
    are recorded through ``group``. ``reports`` collects the report of each step, ``succeeded`` the
    outcomes that succeeded; neither contains ``secrets``. Directories are ``<home>/steps/<workload>/<step>/<attempt>``.
    """

    def __init__(
        self,
        group: GroupCommit,
        providers: Mapping[str, Provider],
        lease: WorkloadLease,
        home: Path,
        *,
        former: Collection[Execution] = (),
        read_report: ReadReport = no_report,
        secrets: Collection[str] = (),
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._group = group
        self._providers = providers
        self._lease = lease
        self._folder = home / "steps" / lease.id
        self._unfinished = unfinished(former)
        self._attempts = Counter({each.step: 0 for each in former})
        for each in former:
            self._attempts[each.step] = max(self._attempts[each.step], each.attempt)
        self._read_report = read_report
        self._clock = clock
        self._redactor = redactor_of(secrets)
        self.reports: dict[str, StepReport] = {}
        self.succeeded: list[tuple[Step, Outcome]] = []

    @property
    def where_logs_are(self) -> str:
        """A sentence that says where the log of each attempt is."""
        return (
            f"The log of each step is {self._folder}/<step>/<attempt>/output.log, "
            "with @ for [ and without ]"
        )

    async def __call__(self, step: Step, provider: str) -> Outcome:
        """Run one attempt of ``step`` on ``provider``, or adopt it, and return its outcome.

        Raises:
            StaleFenceError: another run holds the workload now.
        """
        adopted = self._unfinished.pop(step.id, None)
        outcome = await self._attempt(step, adopted or await self._begin(step, provider))
        if adopted and outcome.end is End.LOST and step.idempotent:
            # It died with the former run without an outcome of its own: it counts as never run.
            outcome = await self._attempt(step, await self._begin(step, provider))
        if outcome.succeeded:
            self.succeeded.append((step, outcome))
        return outcome

    async def _begin(self, step: Step, provider: str) -> Execution:
        self._attempts[step.id] += 1
        attempt = self._attempts[step.id]
        execution = Execution(
            workload=self._lease.id,
            step=step.id,
            attempt=attempt,
            fence=self._lease.fence,
            provider=provider,
            provider_kind=self._providers[provider].kind,
            history_key=step.wall_key,
            directory=self._folder / _folder_name(step.id) / str(attempt),
            started_at=self._clock(),
            demand=step.demand,
        )
        await self._group.add(begin_executions, execution)
        return execution

    async def _attempt(self, step: Step, execution: Execution) -> Outcome:
        if step.files:
            await asyncio.to_thread(_write_files, step, execution.directory)
        provider = self._providers[execution.provider]
        try:
            outcome = await provider.run(command_of(step, execution.directory))
        except asyncio.CancelledError:
            # The provider has stopped it. With an outcome, a resumed workload tries it again.
            stopped = self._read(step, execution.directory, self._preempted(execution))
            recording = self._record(step, execution, *stopped)
            await to_its_end(recording)
            fault_of(recording)
            raise
        if step.report:  # it may be long
            read = await asyncio.to_thread(self._read, step, execution.directory, outcome)
        else:
            read = self._read(step, execution.directory, outcome)
        await self._record(step, execution, *read)
        return read[0]

    def _record(
        self, step: Step, execution: Execution, outcome: Outcome, report: StepReport
    ) -> asyncio.Future[bool]:
        """Record the end of an attempt; return what becomes done once it is on the disk."""
        self.reports[step.id] = report
        provider = self._providers[execution.provider]
        timings = tuple(
            Timing(key, provider.kind, seconds * provider.speed, succeeded, outcome.ended_at)
            for key, seconds, succeeded in report.timings
        )
        cost = outcome.seconds / 3600 * provider.price_per_hour
        finished = FinishedExecution(
            execution, self._lease.fence, outcome, cost, provider.speed, timings
        )
        return self._group.add(finish_executions, finished)

    def _read(self, step: Step, directory: Path, outcome: Outcome) -> tuple[Outcome, StepReport]:
        """Return the outcome and the report of an execution as its files tell them."""
        report = self._report(step, directory, outcome)
        outcome = with_output(outcome, directory)
        if report.cause:
            failed = {"end": End.FAILED} if outcome.succeeded else {}
            outcome = outcome.model_copy(update={"cause": report.cause, **failed})
        return self._without_secrets(outcome, report)

    def _report(self, step: Step, directory: Path, outcome: Outcome) -> StepReport:
        try:
            return self._read_report(step, directory, outcome)
        except SlipwayError as error:
            return StepReport(cause=f"{outcome.cause}; {error}".strip("; "))

    def _without_secrets(self, outcome: Outcome, report: StepReport) -> tuple[Outcome, StepReport]:
        """Return both with secrets redacted."""
        if not (outcome.cause or outcome.output is not None or report.items):
            return outcome, report  # there is no text in them
        redactor = self._redactor
        items = tuple(replace(item, message=redactor(item.message)) for item in report.items)
        redacted = {"cause": redactor(outcome.cause), "output": redactor.value(outcome.output)}
        return outcome.model_copy(update=redacted), replace(report, items=items)

    def _preempted(self, execution: Execution) -> Outcome:
        return Outcome(
            end=End.PREEMPTED,
            cause="cancelled",
            started_at=execution.started_at,
            ended_at=max(execution.started_at, self._clock()),
        )


def command_of(step: Step, directory: Path) -> Command:
    """Return the command that a provider runs for ``step`` in ``directory``."""
    limit = step.demand.memory_mib if step.memory_limit_mib is None else step.memory_limit_mib
    return Command(
        argv=tuple(_DIRECTORY.sub(lambda _match: str(directory), part) for part in step.argv),
        directory=directory,
        cwd=step.cwd,
        environment={**step.environment, VARIABLE: str(output_path(directory))},
        timeout_seconds=step.timeout_seconds,
        memory_mib=limit or None,
    )


def _folder_name(step_id: str) -> str:
    """Return the id without brackets, in which a shell would see a pattern."""
    return step_id.replace("[", "@").replace("]", "")


def _write_files(step: Step, directory: Path) -> None:
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    for name, content in step.files:
        draft = directory / f".{name}.new"
        draft.write_text(content, encoding="utf-8")
        draft.replace(directory / name)
