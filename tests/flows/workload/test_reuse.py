"""Tests of what a run keeps for `only: failed`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from blocks.providers.interface import End
from blocks.workload_spec import PytestWorkload
from flows.workload.execute import Executed
from flows.workload.job import Job
from flows.workload.reuse import keep_for_later, passed_before
from tasks.distribute.dispatch.results import StepResult, StepState
from tasks.distribute.planned import PlannedWorkload
from tasks.launch.target import Target
from tasks.ledger.connection import Ledger
from tasks.ledger.workloads import WorkloadLease
from tasks.observe.summary import StepLine, WorkloadSummary
from tasks.plan import FleetSnapshot
from tasks.planning.planner import plan
from tasks.release import Release
from tasks.reuse.ended_run import kept_ended
from tests.tasks.planning.fakes import GOOD, graph_of, provider, step
from tests.tasks.split.test_retries import attempt

GRAPH = replace(
    graph_of(replace(step("shard-1"), items=("shop/tests/a", "shop/tests/b"))),
    project="shop",
    workload="tests",
)
FLEET = FleetSnapshot(1, 0.0, (provider("x"),))
PLANNED = PlannedWorkload(GRAPH, {}, FLEET, plan(GRAPH, {}, FLEET))
LINE = StepLine("shard-1", "x", 1, 1, "succeeded")
SUMMARY = WorkloadSummary("tests", "", (LINE,), 1, 1, 1, "default", tests=2)


@pytest.mark.parametrize("covered", [True, False])
def test_a_suite_that_failed_as_a_whole_is_repeated_as_a_whole(
    covered: bool, target: Target, release: Release, ledger: Ledger, tmp_path: Path
) -> None:
    """A suite with too little coverage would be green after nothing of it was run."""
    passed = ("a", "b") if covered else ()
    failures = () if covered else (("coverage", "too little"),)
    job = Job(target, release, "tests", PytestWorkload(kind="pytest"), {})
    done = [attempt(tmp_path, "shard-1", 1, End.SUCCEEDED, a="passed", b="passed")]
    result = StepResult("shard-1", StepState.SUCCEEDED, "", "x", GOOD, 1)
    executed = Executed({"shard-1": result}, {}, 1.0)
    lease = WorkloadLease("w", job.key, 1, resumed=False)
    summary = replace(SUMMARY, failures=failures)
    keep_for_later(job, PLANNED, executed, done, lease, summary, ledger=ledger, folder=tmp_path)
    ended = kept_ended(tmp_path)
    assert ended
    assert ended.passed == passed
    assert passed_before(replace(job, former=ended)) == passed
    other = PytestWorkload(kind="pytest", arguments=["-m", "slow"])
    assert passed_before(replace(job, former=ended, spec=other)) == ()


def test_to_repeat_what_failed_is_another_workload(
    target: Target, release: Release, ledger: Ledger, tmp_path: Path
) -> None:
    """A run of everything would resume one that has left most of it out."""
    job = Job(target, release, "tests", PytestWorkload(kind="pytest"), {})
    executed = Executed({}, {}, 1.0)
    lease = WorkloadLease("w", job.key, 1, resumed=False)
    keep_for_later(job, PLANNED, executed, [], lease, SUMMARY, ledger=ledger, folder=tmp_path)
    assert replace(job, former=kept_ended(tmp_path)).key != job.key
    assert replace(job, refresh=True).key == job.key
