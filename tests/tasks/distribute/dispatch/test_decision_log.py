"""The decision log: estimates of decisions, and the actual values of those that have any."""

from __future__ import annotations

from dataclasses import replace

from tasks.distribute.dispatch.decision_log import actual_values, decisions_of
from tasks.distribute.dispatch.results import StepResult, StepState
from tasks.distribute.planned import PlannedWorkload
from tasks.estimates import Estimate
from tasks.plan import FleetSnapshot
from tasks.planning.autotune import Autotuned
from tasks.planning.planner import plan
from tests.tasks.planning.fakes import BAD, GOOD, graph_of, provider, step

GRAPH = graph_of(step("a"), step("b", "a"))
KEY = GRAPH.step("a").history_key
FLEET = FleetSnapshot(1, 0.0, (provider("slow"), provider("fast", speed=2.0)))
ESTIMATES = {KEY: Estimate(KEY, 10.0, 20.0, 100.0, 0.9, 7, "trained", 16.0, 24.0)}
PLAN = plan(GRAPH, ESTIMATES, FLEET, budget_seconds=0.0)
DONE = StepResult("a", StepState.SUCCEEDED, "", "slow", GOOD, 1)


def test_every_decision_records_the_estimate_it_used() -> None:
    """Nobody could tell afterwards what a decision was made by."""
    autotuned = (Autotuned("a", "memory", "120 MiB", "because", 100.0, "MiB"),)
    planned = PlannedWorkload(GRAPH, ESTIMATES, FLEET, PLAN, autotuned)
    decisions = decisions_of("w", planned, 3.0)
    assert [(decision.step, decision.kind) for decision in decisions] == [
        ("", "split"),
        ("", "plan"),
        *((placed, "placement") for placed in PLAN.order),
        ("a", "memory"),
    ]
    assert decisions[1].estimate == PLAN.makespan_seconds
    placed = next(
        decision for decision in decisions if (decision.step, decision.kind) == ("a", "placement")
    )
    assert (placed.chosen, placed.source, placed.key) == ("fast", "trained", KEY)
    assert (placed.estimate, placed.p80, placed.p90) == (5.0, 8.0, 10.0)
    assert (decisions[-1].estimate, decisions[-1].unit, decisions[-1].source) == (
        100.0,
        "MiB",
        "trained",
    )


def test_an_outcome_is_reckoned_where_the_plan_was_made_for() -> None:
    """An estimate would be blamed for a provider of another speed."""
    actual = actual_values(
        PLAN, FLEET, {"a": DONE, "b": replace(DONE, step="b", provider="fast")}, 9.0
    )
    assert actual["a", "placement"] == GOOD.seconds / 2
    assert actual["b", "placement"] == GOOD.seconds
    assert (actual["", "plan"], actual["", "split"]) == (9.0, 9.0)
    assert actual["a", "memory"] == GOOD.peak_memory_mib


def test_what_failed_or_was_resumed_scores_no_estimate() -> None:
    """Estimates would look wrong for what they never spoke of."""
    failed = StepResult("b", StepState.FAILED, "", "slow", BAD, 2)
    assert actual_values(PLAN, FLEET, {"a": replace(DONE, resumed=True), "b": failed}, 9.0) == {
        ("b", "retries"): 2.0
    }
