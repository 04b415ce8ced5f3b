"""A stored plan applied to the present workload and fleet."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blocks.providers.interface import Resources
from tasks.distribute.explaining.comparison import compare
from tasks.errors import BadInputError
from tasks.plan import FleetSnapshot, ProviderState
from tasks.planning.feasibility import violations
from tasks.planning.planner import plan
from tasks.planning.replay import refuse_other, replay
from tasks.planning.strategy import STORED, STRATEGIES
from tasks.workload import StepGraph
from tests.tasks.planning.fakes import estimates_of, graph_of, provider, step
from tests.tasks.planning.test_planner import estimates_for, problems

GRAPH = graph_of(step("a"), step("b"), step("c", "a", "b"))
TIMES = estimates_of({"a": 4, "b": 3, "c": 1})
FLEET = FleetSnapshot(1, 0.0, (provider("x", 2.0), provider("y")))
PLAN = plan(GRAPH, TIMES, FLEET, "round_robin")


def test_order_and_providers_are_taken_again_and_times_are_of_now() -> None:
    """A plan that was chosen by its dry run would not be what runs."""
    slower = estimates_of({"a": 8, "b": 3, "c": 1})
    replayed = replay(GRAPH, slower, FLEET, PLAN, "7")
    assert compare(PLAN, replayed).same_choices
    assert (PLAN.makespan_seconds, replayed.makespan_seconds) == (3.5, 4.5)
    assert replayed.strategy == STORED
    assert replayed.warnings == ("order and providers are those of plan 7 (round_robin)",)
    assert replayed.placement("a").candidates == (("x", 4.0), ("y", 8.0))


@given(problems(), st.sampled_from(sorted(STRATEGIES)))
def test_nothing_is_lost_by_storing_a_plan(
    problem: tuple[StepGraph, dict[str, float], FleetSnapshot], strategy: str
) -> None:
    """A plan would be worse, or break a promise, only for being read back."""
    graph, seconds, fleet = problem
    stored = plan(graph, estimates_for(seconds), fleet, strategy, budget_seconds=0.01)
    replayed = replay(graph, estimates_for(seconds), fleet, stored, "1")
    assert violations(graph, seconds, fleet, replayed) == []
    assert replayed.makespan_seconds <= stored.makespan_seconds + 1e-6
    assert replayed.cost == pytest.approx(stored.cost)
    assert replayed.utilisation >= stored.utilisation * (1 - 1e-4)  # stored times are rounded


@pytest.mark.parametrize(
    ("graph", "fleet", "message"),
    [
        (graph_of(*GRAPH.steps, step("d")), FLEET, "the workload now has d too"),
        (graph_of(*GRAPH.steps[:2]), FLEET, "the workload has no c any more"),
        (
            graph_of(step("b"), step("a", "b"), step("c", "a")),
            FLEET,
            "a now needs b, which came later",
        ),
        (
            GRAPH,
            FleetSnapshot(1, 0.0, (provider("x"),)),
            "it uses y, which this run may not use",
        ),
        (
            GRAPH,
            FleetSnapshot(1, 0.0, (provider("x"), provider("z"), provider("y", slots=0))),
            "y lacks 1 slots for b",
        ),
    ],
    ids=["added", "removed", "needs", "provider", "capacity"],
)
def test_a_plan_that_does_not_fit_any_more_is_refused_with_the_difference(
    graph: StepGraph, fleet: FleetSnapshot, message: str
) -> None:
    """Steps would be left out, or a step wait for ever for a provider that is too small."""
    with pytest.raises(BadInputError, match=message) as error:
        replay(graph, TIMES, fleet, PLAN, "7")
    assert (error.value.field, error.value.value) == ("plan", "7")


def test_steps_that_hold_something_else_by_now_are_told_of() -> None:
    """A user would take shards of other tests for those that were planned."""
    first, second, last = GRAPH.steps
    before = graph_of(replace(first, items=("t1", "t2")), replace(second, items=("t3",)), last)
    after = graph_of(replace(first, items=("t1",)), replace(second, items=("t2", "t3")), last)
    stored = plan(before, TIMES, FLEET, "round_robin")
    assert len(replay(before, TIMES, FLEET, stored, "7").warnings) == 1
    warning = replay(after, TIMES, FLEET, stored, "7").warnings[1]
    assert warning == "its steps hold other items than when it was planned, as it was split again"
    assert PLAN.contents == ""


def test_a_plan_of_another_workload_is_refused() -> None:
    """The difference would be told step by step, instead of the mistake."""
    refuse_other("7", PLAN, "p", "w")
    with pytest.raises(BadInputError, match="is of workload w of p, not of tests of p"):
        refuse_other("7", PLAN, "p", "tests")


def test_memory_and_cpus_count_as_well_as_slots() -> None:
    """A replayed plan would say that nothing is used."""
    whole = Resources(cpus=4, memory_mib=1000)
    fleet = FleetSnapshot(1, 0.0, (ProviderState("x", "shell", whole, whole),))
    declared_step = replace(step("a"), demand=Resources(cpus=1, memory_mib=500))
    graph = graph_of(declared_step)
    replayed = replay(graph, TIMES, fleet, plan(graph, TIMES, fleet), "1")
    assert replayed.utilisation == pytest.approx(0.5)
