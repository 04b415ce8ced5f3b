"""Attempts and timings of the ledger: each run once, with what it asked for and used."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import pytest

from analytics.history.archive import Archive
from analytics.history.ledger import newest, of_execution, refreshed
from analytics.history.runs import Run
from blocks.providers.interface import Resources
from tasks.ledger.connection import Ledger
from tasks.ledger.executions import Execution
from tasks.ledger.providers import register_provider
from tasks.ledger.samples import Sample, record_samples
from tasks.ledger.timings import Timing, record_timings
from tasks.ledger.workloads import open_workload
from tests.tasks.ledger.attempts import begin_execution, finish_execution
from tests.tasks.ledger.test_executions import DONE

DONE_DEMAND = Resources(cpus=2.0, memory_mib=128, slots=1)
NOTHING = Archive("here")


def begin(ledger: Ledger, key: str = "shop/ci/build[3.11]") -> Execution:
    """Begin an attempt at epoch second 9."""
    lease = open_workload(ledger, key, "me", 0.0, 10.0, lambda owner: True)
    demand = DONE_DEMAND
    execution = Execution(
        lease.id, "build", 1, lease.fence, "local", "shell", key, Path("/s"), 9.0, demand
    )
    begin_execution(ledger, execution)
    return execution


def finish(ledger: Ledger, execution: Execution) -> None:
    """Finish it at epoch second 12.5, at a cost of 0.25."""
    finish_execution(ledger, execution.workload, "build", 1, execution.fence, DONE, 0.25)


def test_an_attempt_and_its_timing_are_one_run(ledger: Ledger) -> None:
    """Every step would count twice, once without what it asked for."""
    record_samples(ledger, [Sample("machine", "cpu_percent", 35.0, 8.0)])
    finish(ledger, begin(ledger))
    record_timings(ledger, [Timing("shop/ci/test_a", "shell", 1.0, True, 12.0)])
    step, test = sorted(refreshed(ledger, NOTHING, 0.0, 100.0).runs, key=lambda run: run.key)
    assert (step.seconds, step.memory_mib, step.cost, step.cpus) == (2.5, 64.0, 0.25, 2.0)
    assert (step.submitted_at, step.started_at) == (9.0, 10.0)
    assert step.machine_load == 35.0
    assert (step.name, step.tag) == ("build", "shop/ci")
    assert (test.key, test.id) == ("shop/ci/test_a", "")


def test_an_attempt_counts_as_long_as_it_takes_at_speed_1(ledger: Ledger) -> None:
    """A step that ran on a fast provider would be planned as if it took that long on a slow one."""
    register_provider(ledger, "local", "shell", Resources(cpus=4, slots=4), 4.0, 0.0, 1.0)
    finish(ledger, begin(ledger))
    [run] = refreshed(ledger, NOTHING, 0.0, 100.0).runs
    assert (run.seconds, run.ended_at - run.started_at) == (4 * 2.5, 2.5)


def test_only_what_is_new_is_read_and_what_ran_is_read_again(ledger: Ledger) -> None:
    """A step would run for ever, or be there twice, once running and once done."""
    execution = begin(ledger)
    record_timings(ledger, [Timing("old", "shell", 1.0, True, 5.0)])
    archive = refreshed(ledger, NOTHING, 0.0, 5000.0)
    assert sorted(run.state or "timing" for run in archive.runs) == ["running", "timing"]
    finish(ledger, execution)
    again = refreshed(ledger, archive, 0.0, 9000.0)
    assert sorted(run.state or "timing" for run in again.runs) == ["succeeded", "timing"]
    assert again.last > archive.last


def test_another_ledger_starts_anew_and_says_so(ledger: Ledger) -> None:
    """What was learnt from a ledger that is gone would stay for ever."""
    archive = replace(NOTHING, runs=(Run("a", "b", 1, 2, 1, succeeded=True),), until=3.0, last=99)
    read_anew = refreshed(ledger, archive, 0.0, 100.0)
    assert read_anew.runs == ()
    assert "another ledger" in read_anew.note


@pytest.mark.parametrize(
    ("end", "state"),
    [
        ("lost", "crashed"),
        ("preempted", "cancelled"),
        ("out of memory", "out_of_memory"),
        ("timed out", "timed_out"),
        ("failed", "failed"),
    ],
)
def test_ends_are_told_apart(ledger: Ledger, end: str, state: str) -> None:
    """A step that was stopped would count as one that failed."""
    outcome = DONE.model_validate({**DONE.model_dump(), "end": end})
    assert of_execution(replace(begin(ledger), outcome=outcome)).state == state


def test_what_has_not_ended_has_no_end(ledger: Ledger) -> None:
    """A running step would be taken to have lasted no time."""
    run = of_execution(begin(ledger))
    assert run.state == "running"
    assert math.isnan(run.ended_at)


def test_no_key_crowds_out_the_others() -> None:
    """A test that ran a million times would make training take hours."""
    runs = [Run("a", "often", at, at + 1, 1, succeeded=True) for at in range(10)]
    newest_runs = newest([*runs, Run("a", "rare", 0, 1, 1, succeeded=True)], 3)
    assert [(run.key, run.started_at) for run in newest_runs] == [
        ("often", 7), ("often", 8), ("often", 9), ("rare", 0)
    ]  # fmt: skip
