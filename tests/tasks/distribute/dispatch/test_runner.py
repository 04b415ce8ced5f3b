"""One attempt: recorded once, adopted after a crash, and with its timings."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from blocks.providers.interface import Command, End, Outcome, Resources
from tasks.distribute.dispatch.resume import failed_tries, former_run, unfinished
from tasks.distribute.dispatch.runner import StepRunner, command_of
from tasks.errors import SlipwayError, StaleFenceError
from tasks.ledger.connection import Ledger
from tasks.ledger.executions import Execution, executions, timings
from tasks.ledger.group_commit import GroupCommit
from tasks.ledger.workloads import WorkloadLease, open_workload
from tasks.workload import ItemResult, Step, StepReport
from tests.tasks.ledger.attempts import begin_execution
from tests.tasks.planning.fakes import BAD, GOOD, until

LOST = Outcome(end=End.LOST, started_at=0.0, ended_at=1.0)


class FakeProvider:
    """Returns what it is told to; remembers what it was asked to run."""

    name, kind, speed, price_per_hour = "local", "shell", 1.0, 3600.0
    capacity = Resources(slots=1)

    def __init__(self, *outcomes: Outcome) -> None:
        self.outcomes = list(outcomes)
        self.commands: list[Command] = []
        self.gate = asyncio.Event()

    async def run(self, command: Command) -> Outcome:
        """Return the next outcome, or wait for ever."""
        self.commands.append(command)
        if not self.outcomes:
            await self.gate.wait()
        return self.outcomes.pop(0)

    def close(self) -> None:
        """Keep nothing."""


def lease(ledger: Ledger, now: float = 0.0) -> WorkloadLease:
    """Open the workload, or take it over from an owner that is dead."""
    return open_workload(ledger, "p/w", "me", now, 1e9, lambda _owner: False)


def a_step(folder: Path, **fields: object) -> Step:
    """A step with a file beside it."""
    step = Step("s", ("cat", "{directory}/x", "${directory}"), folder, "p/w/s", files=(("x", "y"),))
    return replace(step, **fields)  # type: ignore[arg-type] # of the right types


async def test_an_attempt_is_begun_run_in_its_own_folder_and_recorded(
    ledger: Ledger, tmp_path: Path
) -> None:
    """A crash would leave no trace of it, or two attempts would share a folder."""
    provider, workload_lease = FakeProvider(GOOD, BAD), lease(ledger)
    runner = StepRunner(GroupCommit(ledger), {"local": provider}, workload_lease, tmp_path)
    step = a_step(tmp_path, demand=Resources(memory_mib=64), timeout_seconds=9)
    assert [(await runner(step, "local")).end for _ in range(2)] == [End.SUCCEEDED, End.FAILED]
    assert runner.succeeded == [(step, GOOD)]
    assert f"{tmp_path}/steps/{workload_lease.id}/<step>" in runner.where_logs_are
    first, second = provider.commands
    assert first.directory == tmp_path / "steps" / workload_lease.id / "s" / "1"
    assert second.directory == first.directory.with_name("2")
    assert first.argv == ("cat", f"{first.directory}/x", "${directory}")
    assert (first.timeout_seconds, first.memory_mib) == (9, 64)
    assert (first.directory / "x").read_text() == "y"
    rows = executions(ledger, workload_lease.id)
    assert [(row.attempt, row.outcome, row.cost) for row in rows] == [(1, GOOD, 1.0), (2, BAD, 1.0)]
    assert [timing.succeeded for timing in timings(ledger)["p/w/s"]] == [False, True]


async def test_a_report_teaches_items_and_start_up_apart_and_names_the_cause(
    ledger: Ledger, tmp_path: Path
) -> None:
    """A shard's wall time would be taken for its start-up, and its failures for `exit code 1`."""

    def read(step: Step, directory: Path, outcome: Outcome) -> StepReport:
        """What the split reads of a shard."""
        timings_found = (("p/w/t", 0.25, False), ("p/w/startup", 0.75, True))
        return StepReport((ItemResult("t", 0.25, "failed"),), timings_found, "1 test failed: t")

    workload_lease = lease(ledger)
    runner = StepRunner(
        GroupCommit(ledger),
        {"local": FakeProvider(BAD)},
        workload_lease,
        tmp_path,
        read_report=read,
    )
    step = a_step(tmp_path, history_key="p/w/startup", items=("p/w/t",))
    assert (await runner(step, "local")).cause == "1 test failed: t"
    seconds_by_key = {key: [t.seconds for t in rows] for key, rows in timings(ledger).items()}
    assert seconds_by_key == {"p/w/s": [1.0], "p/w/t": [0.25], "p/w/startup": [0.75]}
    assert runner.reports["s"].items[0].id == "t"


async def test_an_unreadable_report_is_told_and_loses_no_outcome(
    ledger: Ledger, tmp_path: Path
) -> None:
    """The attempt would stay open, and be run again."""

    def read(step: Step, directory: Path, outcome: Outcome) -> StepReport:
        """Fail as on a truncated file."""
        raise SlipwayError("results.jsonl cannot be read")

    workload_lease = lease(ledger)
    runner = StepRunner(
        GroupCommit(ledger),
        {"local": FakeProvider(GOOD)},
        workload_lease,
        tmp_path,
        read_report=read,
    )
    outcome = await runner(a_step(tmp_path), "local")
    assert (outcome.succeeded, outcome.cause) == (False, "results.jsonl cannot be read")
    assert executions(ledger, workload_lease.id)[0].outcome == outcome


async def test_a_folder_holds_no_pattern_of_the_shell(ledger: Ledger, tmp_path: Path) -> None:
    """`cat {directory}/x` in a step of a matrix would read the file of another."""
    provider, workload_lease = FakeProvider(GOOD), lease(ledger)
    await StepRunner(GroupCommit(ledger), {"local": provider}, workload_lease, tmp_path)(
        a_step(tmp_path, id="s[3.11,mac][a]"), "local"
    )
    assert provider.commands[0].directory.parent.name == "s@3.11,mac@a"


async def test_what_a_step_wrote_is_part_of_its_outcome(ledger: Ledger, tmp_path: Path) -> None:
    """The steps after it would not know it, and after a crash nobody would."""

    def write(path: str) -> None:
        """What the command does."""
        Path(path).write_text('{"parts": [1, 2]}')

    class Writing(FakeProvider):
        """Writes where it is told to."""

        async def run(self, command: Command) -> Outcome:
            """Say something, and end."""
            write(command.environment["SLIPWAY_OUTPUT"])
            return await super().run(command)

    workload_lease = lease(ledger)
    runner = StepRunner(GroupCommit(ledger), {"local": Writing(GOOD)}, workload_lease, tmp_path)
    assert (await runner(a_step(tmp_path), "local")).output == {"parts": [1, 2]}
    [row] = executions(ledger, workload_lease.id)
    assert row.outcome is not None
    assert row.outcome.output == {"parts": [1, 2]}


def dead_attempts(ledger: Ledger, folder: Path) -> list[Execution]:
    """A first run has begun a step, and is gone before its end."""
    workload_lease = lease(ledger)
    where = folder / "steps" / workload_lease.id / "s" / "1"
    begun = Execution(
        workload_lease.id,
        "s",
        1,
        workload_lease.fence,
        "local",
        "shell",
        "p/w/s",
        where,
        0.0,
        Resources(),
    )
    begin_execution(ledger, begun)
    return [begun]


async def test_an_unfinished_attempt_is_adopted_under_its_own_number(
    ledger: Ledger, tmp_path: Path
) -> None:
    """A second copy would run beside the first."""
    unfinished_attempts = dead_attempts(ledger, tmp_path)
    provider, workload_lease = FakeProvider(GOOD), lease(ledger)
    assert workload_lease.resumed
    runner = StepRunner(
        GroupCommit(ledger),
        {"local": provider},
        workload_lease,
        tmp_path,
        former=unfinished_attempts,
    )
    assert await runner(a_step(tmp_path), "local") == GOOD
    assert provider.commands[0].directory == unfinished_attempts[0].directory
    assert [row.attempt for row in executions(ledger, workload_lease.id)] == [1]


@pytest.mark.parametrize(("idempotent", "ends"), [(True, End.SUCCEEDED), (False, End.LOST)])
async def test_what_died_with_the_former_run_is_tried_anew_where_it_may_be(
    ledger: Ledger, tmp_path: Path, idempotent: bool, ends: End
) -> None:
    """A resumed workload would fail for steps that never had a chance, or repeat what must not."""
    unfinished_attempts = dead_attempts(ledger, tmp_path)
    runner = StepRunner(
        GroupCommit(ledger),
        {"local": FakeProvider(LOST, GOOD)},
        lease(ledger),
        tmp_path,
        former=unfinished_attempts,
    )
    assert (await runner(a_step(tmp_path, idempotent=idempotent), "local")).end is ends


def test_only_what_failed_by_itself_uses_up_retries(tmp_path: Path) -> None:
    """A kill would cost a step its retries, or grant it those that it has used."""
    ends = [End.FAILED, End.TIMED_OUT, End.OUT_OF_MEMORY, End.LOST, End.PREEMPTED, End.SUCCEEDED]
    outcomes = [None, *(Outcome(end=end, started_at=0.0, ended_at=1.0) for end in ends)]
    attempts = [
        Execution("w", "s", number, 1, "local", "shell", "k", tmp_path, 0.0, Resources(), outcome)
        for number, outcome in enumerate(outcomes, 1)
    ]
    assert failed_tries(attempts) == {"s": 3}


async def test_a_cancelled_attempt_has_an_outcome(ledger: Ledger, tmp_path: Path) -> None:
    """The next run would adopt what was stopped on purpose, and count it as failed."""
    workload_lease, provider = lease(ledger), FakeProvider()
    runner = StepRunner(GroupCommit(ledger), {"local": provider}, workload_lease, tmp_path)
    running = asyncio.create_task(runner(a_step(tmp_path), "local"))
    await until(lambda: bool(provider.commands))
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    outcome = executions(ledger, workload_lease.id)[0].outcome
    assert outcome is not None
    assert outcome.end is End.PREEMPTED
    assert former_run(executions(ledger, workload_lease.id)).started == {}


async def test_a_run_that_was_taken_over_records_nothing(ledger: Ledger, tmp_path: Path) -> None:
    """Two runs would both record the same step."""
    workload_lease = lease(ledger)
    lease(ledger)
    runner = StepRunner(
        GroupCommit(ledger), {"local": FakeProvider(GOOD)}, workload_lease, tmp_path
    )
    with pytest.raises(StaleFenceError):
        await runner(a_step(tmp_path), "local")


def test_a_former_run_is_read_by_the_last_attempt_of_each_step(tmp_path: Path) -> None:
    """A retried step would count by its first failure, or a failed one as finished."""

    def row(step: str, attempt: int, outcome: Outcome | None) -> Execution:
        """One attempt."""
        where, key = tmp_path, f"p/w/{step}"
        return Execution(
            "w", step, attempt, 1, "local", "shell", key, where, 0.0, Resources(), outcome
        )

    rows = [
        row("retried", 2, GOOD),
        row("retried", 1, BAD),
        row("failed", 1, BAD),
        row("open", 1, BAD),
        row("open", 2, None),
    ]
    former = former_run(rows)
    assert (former.finished, former.started) == ({"retried": GOOD}, {"open": "local"})
    assert unfinished(rows)["open"].attempt == 2


def test_a_command_has_no_memory_limit_where_none_was_asked_for(tmp_path: Path) -> None:
    """Steps without a demand for memory would be killed at once."""
    assert command_of(a_step(tmp_path), tmp_path).memory_mib is None


async def test_what_a_step_says_is_kept_and_shown_without_secrets(
    ledger: Ledger, tmp_path: Path
) -> None:
    """A token in the output or the failed assertion of a step would stay in the ledger."""
    changes = {"end": End.FAILED, "cause": "cannot open https://me:pw@h/ with hunter2-long"}
    provider, workload_lease = FakeProvider(BAD.model_copy(update=changes)), lease(ledger)

    def read_report(_step: Step, directory: Path, _outcome: Outcome) -> StepReport:
        """Write what the step would have written, and report a test."""
        (directory / "output.json").write_text('{"token": "hunter2-long"}')
        return StepReport((ItemResult("t", 1.0, "failed", "got hunter2-long"),))

    runner = StepRunner(
        GroupCommit(ledger),
        {"local": provider},
        workload_lease,
        tmp_path,
        read_report=read_report,
        secrets=["hunter2-long"],
    )
    outcome = await runner(a_step(tmp_path), "local")
    assert outcome.cause == "cannot open https://***@h/ with ***"
    assert outcome.output == {"token": "***"}
    assert runner.reports["s"].items[0].message == "got ***"
    assert executions(ledger, workload_lease.id)[0].outcome == outcome
