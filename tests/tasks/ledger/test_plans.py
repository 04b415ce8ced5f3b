"""Tests of recorded plans."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tasks.errors import BadInputError
from tasks.ledger.connection import Ledger
from tasks.ledger.plans import plan_by_id, plans_of, read_plan, record_plan
from tasks.ledger.workloads import open_workload
from tasks.plan import Placement, Plan

PLAN = Plan(
    project="shop",
    workload="tests",
    strategy="planned",
    order=("a", "b"),
    placements=(
        Placement("a", "local", 0.0, 2.0, 0.1, (("local", 2.0), ("other", 3.0))),
        Placement("b", "other", 2.0, 4.0, rejected=(("local", "lacks 1 slot"),)),
    ),
    makespan_seconds=4.0,
    bound_seconds=3.5,
    cost=0.2,
    utilisation=0.8,
    critical_path=("a", "b"),
    warnings=("slow",),
)


def test_the_newest_plan_is_read(ledger: Ledger) -> None:
    """What happened would otherwise be compared with a plan that was given up."""
    assert read_plan(ledger, "w") is None
    record_plan(ledger, "w", PLAN, 1.0)
    assert read_plan(ledger, "w") == PLAN
    newer = replace(PLAN, strategy="cheapest")
    record_plan(ledger, "w", newer, 2.0)
    assert read_plan(ledger, "w") == newer


@pytest.mark.parametrize("unknown", ["99", "newest", "-1", "²", "9" * 30])
def test_a_plan_is_found_by_the_id_that_its_recording_told(ledger: Ledger, unknown: str) -> None:
    """What a dry run has shown could not be run."""
    with pytest.raises(BadInputError, match="none was recorded yet"):
        plan_by_id(ledger, "1")
    first = record_plan(ledger, "w", PLAN, 1.0)
    second = record_plan(ledger, "w", replace(PLAN, strategy="cheapest"), 2.0)
    stored = plan_by_id(ledger, str(first))
    assert (stored.id, stored.workload, stored.plan, stored.recorded_at) == (first, "w", PLAN, 1.0)
    with pytest.raises(BadInputError, match=f"plan: .*the newest is {second}"):
        plan_by_id(ledger, unknown)


def test_the_plans_of_a_workload_are_those_of_its_runs_and_its_dry_runs(ledger: Ledger) -> None:
    """A dry run would be compared with the plan of something else, or with nothing."""
    key = "shop/tests/dev/d1/abc"
    dry_run = record_plan(ledger, key, PLAN, 1.0)
    lease = open_workload(ledger, key, "me", 2.0, 15.0, owner_alive=lambda _owner: True)
    ran = record_plan(ledger, lease.id, PLAN, 2.0)
    record_plan(ledger, "shop/other", PLAN, 3.0)
    assert [each.id for each in plans_of(ledger, key)] == [ran, dry_run]
    assert [each.id for each in plans_of(ledger, key, limit=1)] == [ran]
