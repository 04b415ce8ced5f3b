"""A plan comes back as it was recorded."""

from __future__ import annotations

from dataclasses import replace

from tasks.ledger.connection import Ledger
from tasks.ledger.plans import read_plan, record_plan
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
