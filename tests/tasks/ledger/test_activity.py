"""Tests of everything that was recorded since a given time."""

from __future__ import annotations

from pathlib import Path

from blocks.providers.interface import End, Outcome, Resources
from blocks.repositories.interface import Snapshot
from tasks.ledger.activity import activity
from tasks.ledger.connection import Ledger
from tasks.ledger.executions import Execution
from tasks.ledger.insights import RaisedInsight, write_insights
from tasks.ledger.plans import record_plan
from tasks.ledger.providers import register_provider
from tasks.ledger.rollouts import begin_rollout
from tasks.ledger.snapshots import record_snapshot
from tasks.ledger.workloads import close_workload, open_workload
from tasks.plan import Plan
from tests.tasks.ledger.attempts import begin_execution, finish_execution

CAPACITY = Resources(cpus=4, memory_mib=8192, slots=4)


def ran(ledger: Ledger, key: str, began: float, ended: float | None) -> str:
    """Record a workload of one step, planned twice; without an end it is open."""
    lease = open_workload(ledger, key, "me", began, 10.0, owner_alive=bool)
    for makespan in (9.0, 8.0):
        plan = Plan("shop", "ci", "planned", (), (), makespan, 1.0, 0.0, 0.0)
        record_plan(ledger, lease.id, plan, began)
    begun = Execution(
        *(lease.id, "build", 1, 1, "local", "shell", f"{key}/build", Path("/x"), began, CAPACITY)
    )
    begin_execution(ledger, begun)
    if ended is not None:
        outcome = Outcome(end=End.SUCCEEDED, started_at=began, ended_at=ended)
        finish_execution(ledger, lease.id, "build", 1, 1, outcome, 0.5)
        close_workload(ledger, lease.id, 1, "succeeded", ended)
    return lease.id


def test_an_empty_ledger_has_none(ledger: Ledger) -> None:
    """The first report of an installation would fail."""
    recorded = activity(ledger, 0.0)
    assert (recorded.workloads, recorded.executions, recorded.providers) == ((), (), ())
    assert not recorded.plans


def test_what_was_at_work_then_is_there_and_nothing_older(ledger: Ledger) -> None:
    """A run across midnight would be in no report, or all runs that ever were in each."""
    register_provider(ledger, "local", "shell", CAPACITY, 1.0, 2.0, 0.0)
    ran(ledger, "shop/old", 10.0, 20.0)
    across = ran(ledger, "shop/across", 90.0, 110.0)
    still_open = ran(ledger, "other/open", 50.0, None)
    recorded = activity(ledger, 100.0)
    assert {row.id for row in recorded.workloads} == {across, still_open}
    assert {row.workload for row in recorded.executions} == {across, still_open}
    assert {run: stored.plan.makespan_seconds for run, stored in recorded.plans.items()} == {
        across: 8.0,
        still_open: 8.0,
    }
    [provider] = recorded.providers
    assert (provider.name, provider.capacity, provider.price_per_hour) == ("local", CAPACITY, 2.0)


def test_deployments_snapshots_and_insights_are_there(ledger: Ledger) -> None:
    """A report would not say that anything was deployed or backed up."""
    for at in (50.0, 150.0):
        begin_rollout(ledger, f"shop{at:.0f}", "dev", "me", {}, at, 10.0, owner_alive=bool)
        record_snapshot(ledger, Snapshot(f"s{at}", "r", "shop", "dev", (), at, 1, 2, 3, 4.0))
    raised = RaisedInsight("regression", "open", "info", "", "twice", 1.0, 2.0, 3.0)
    write_insights(ledger, [raised])
    for key, closed_at in (("before", 60.0), ("since", 160.0)):
        closed = RaisedInsight("regression", key, "info", "", "twice", 1.0, 2.0, 3.0)
        write_insights(ledger, [closed])
        write_insights(
            ledger,
            [RaisedInsight("regression", key, "info", "", "twice", 1.0, 2.0, 3.0, closed_at)],
        )
    recorded = activity(ledger, 100.0)
    assert [row.project for row in recorded.rollouts] == ["shop150"]
    assert [row.id for row in recorded.snapshots] == ["s150.0"]
    assert {row.key for row in recorded.insights} == {"open", "since"}
