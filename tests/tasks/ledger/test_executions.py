"""Tests of executions: the outcome of an attempt is recorded once, by the workload's holder."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from blocks.providers.interface import End, Outcome, Resources
from tasks.errors import NotFoundError, StaleFenceError
from tasks.ledger.connection import Ledger
from tasks.ledger.executions import (
    Execution,
    FinishedExecution,
    Timing,
    begin_executions,
    executions,
    finish_executions,
    timings,
)
from tasks.ledger.workloads import open_workload
from tests.tasks.ledger.attempts import begin_execution

DONE = Outcome(
    end=End.SUCCEEDED,
    exit_code=0,
    started_at=10.0,
    ended_at=12.5,
    peak_memory_mib=64.0,
    log_path=Path("/s/log"),
)


@pytest.fixture
def begun(ledger: Ledger) -> Execution:
    """Give the first attempt at a step, begun in a workload of its own."""
    lease = open_workload(ledger, "shop/tests", "me", 0.0, 10.0, lambda owner: True)
    execution = Execution(
        workload=lease.id,
        step="build",
        attempt=1,
        fence=lease.fence,
        provider="local",
        provider_kind="shell",
        history_key="shop/build",
        directory=Path("/s/build/1"),
        started_at=10.0,
        demand=Resources(cpus=0.5, memory_mib=64, slots=1),
    )
    begin_execution(ledger, execution)
    return execution


def finish(ledger: Ledger, execution: Execution, outcome: Outcome = DONE) -> bool:
    """Finish ``execution`` at a cost of 0.25."""
    with ledger.write() as connection:
        finished = FinishedExecution(execution, execution.fence, outcome, 0.25)
        (result,) = finish_executions(connection, [finished])
    if isinstance(result, Exception):
        raise result
    return result


def test_an_outcome_comes_back_as_it_was_recorded(ledger: Ledger, begun: Execution) -> None:
    """A resumed workload decides by it what not to repeat."""
    assert executions(ledger, begun.workload) == [begun]
    assert finish(ledger, begun)
    assert executions(ledger, begun.workload) == [replace(begun, outcome=DONE, cost=0.25)]


def test_a_second_outcome_changes_nothing(ledger: Ledger, begun: Execution) -> None:
    """A run and its successor may both report the same exit; it must count once."""
    finish(ledger, begun)
    again = DONE.model_copy(update={"end": End.FAILED})
    assert not finish(ledger, begun, again)
    begin_execution(ledger, begun)
    assert executions(ledger, begun.workload)[0].outcome == DONE
    assert len(timings(ledger)["shop/build"]) == 1


def test_an_outcome_teaches_its_timing(ledger: Ledger, begun: Execution) -> None:
    """Without it the second run would plan as blindly as the first."""
    finish(ledger, begun)
    (timing,) = timings(ledger, ["shop/build"])["shop/build"]
    assert (timing.seconds, timing.succeeded, timing.at) == (2.5, True, 12.5)
    assert (timing.provider_kind, timing.memory_mib) == ("shell", 64.0)


@pytest.mark.parametrize("end", [End.LOST, End.PREEMPTED])
def test_what_was_cut_short_teaches_nothing(ledger: Ledger, begun: Execution, end: End) -> None:
    """Half a run would make the step look twice as fast."""
    finish(ledger, begun, DONE.model_copy(update={"end": end}))
    assert timings(ledger) == {}


def test_a_stale_fence_is_refused(ledger: Ledger, begun: Execution) -> None:
    """A run that was given up for dead must not write into its successor's work."""
    successor = open_workload(ledger, "shop/tests", "other", 1.0, 10.0, lambda owner: False)
    with pytest.raises(StaleFenceError):
        finish(ledger, begun)
    with pytest.raises(StaleFenceError):
        begin_execution(ledger, replace(begun, attempt=2))
    adopted = replace(begun, fence=successor.fence)
    begin_execution(ledger, adopted)
    assert executions(ledger, begun.workload) == [adopted]
    assert finish(ledger, adopted)


def test_what_was_not_begun_cannot_be_finished(ledger: Ledger, begun: Execution) -> None:
    """Its outcome would belong to no provider and no history."""
    with pytest.raises(NotFoundError):
        finish(ledger, replace(begun, attempt=9))
    with pytest.raises(NotFoundError):
        begin_execution(ledger, replace(begun, workload="none"))


def test_many_are_written_together(ledger: Ledger, begun: Execution) -> None:
    """One that was never begun would cost the others their outcomes."""
    others = [replace(begun, step=f"step {number}") for number in range(600)]
    with ledger.write() as connection:
        assert begin_executions(connection, others) == [None] * len(others)
    absent = replace(begun, step="absent")
    finished = [
        FinishedExecution(each, begun.fence, DONE, 0.0) for each in (begun, begun, absent, *others)
    ]
    with ledger.write() as connection:
        first, second, missing, *rest = finish_executions(connection, finished)
    assert (first, second, isinstance(missing, NotFoundError)) == (True, False, True)
    assert all(each is True for each in rest)
    assert all(each.outcome == DONE for each in executions(ledger, begun.workload))


def test_the_parts_of_a_step_are_remembered_with_it(ledger: Ledger, begun: Execution) -> None:
    """A shard would teach nothing about its tests, or teach it twice."""
    part = Timing("shop/test_a", "shell", 0.5, succeeded=True, at=12.5)
    finished = FinishedExecution(begun, begun.fence, DONE, 0.0, timings=(part,))
    for _ in range(2):
        with ledger.write() as connection:
            finish_executions(connection, [finished])
    assert timings(ledger)["shop/test_a"] == [part]
