"""What-if analysis of a plan."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from blocks.providers.interface import Resources
from tasks.distribute.explaining.binding import binding
from tasks.distribute.explaining.whatif import MAX_CHANGES, PlanChange, changes, effects
from tasks.estimates import Estimate, Estimates, estimate_of
from tasks.plan import FleetSnapshot, Plan, ProviderState
from tasks.planning.planner import plan
from tasks.workload import Step, StepGraph
from tests.tasks.planning.fakes import estimates_of, graph_of, provider, step


def changes_and_gains(
    graph: StepGraph, times: Estimates, fleet: FleetSnapshot
) -> tuple[Plan, dict[str, PlanChange], dict[str, float]]:
    """The plan, the changes by what they say, and what each gains in seconds."""
    planned = plan(graph, times, fleet)
    tried_changes = changes(graph, times, fleet, planned, binding(graph, planned, fleet))
    gains = {each.what: each.gain_seconds for each in effects(tried_changes, planned, plan)}
    return planned, {each.what: each for each in tried_changes}, gains


def test_more_of_what_binds_gains_and_more_of_the_rest_does_not() -> None:
    """A user would buy a provider that changes nothing."""
    graph = graph_of(*(step(name) for name in "abcd"))
    fleet = FleetSnapshot(1, 0.0, (provider("x"), provider("slow", 0.01)))
    _, _, gains = changes_and_gains(graph, estimates_of(dict.fromkeys("abcd", 10.0)), fleet)
    assert gains["one more provider like x"] == pytest.approx(20)
    assert gains["twice the slots of x"] == pytest.approx(20)
    assert gains["one more provider like slow"] == 0


def test_only_one_of_equal_providers_is_doubled() -> None:
    """A fleet of twenty equal machines would use up everything that may be tried."""
    fleet = FleetSnapshot(1, 0.0, tuple(provider(f"x{n}") for n in range(20)))
    _, tried_changes, _ = changes_and_gains(graph_of(step("a")), estimates_of({"a": 1}), fleet)
    assert [what for what in tried_changes if what.startswith("one more")] == [
        "one more provider like x0"
    ]


def test_a_step_that_is_split_does_half_the_work_twice() -> None:
    """The gain would be that of leaving work out, or what follows would start too early."""
    graph = graph_of(step("a"), step("b", "a"))
    fleet = FleetSnapshot(1, 0.0, (provider("x", slots=2),))
    _, tried_changes, gains = changes_and_gains(graph, estimates_of({"a": 8, "b": 1}), fleet)
    split = tried_changes["a split in two"]
    assert [each.id for each in split.graph.steps] == ["a (1/2)", "a (2/2)", "b"]
    assert split.graph.step("b").needs == ("a (1/2)", "a (2/2)")
    halves = [estimate_of(each, split.estimates) for each in split.graph.steps[:2]]
    assert [half.p50_seconds for half in halves] == [4, 4]
    assert gains["a split in two"] == pytest.approx(4)


def test_a_shard_is_split_by_its_tests_and_each_half_starts_up_for_itself() -> None:
    """Splitting a suite would be said to save its start-up too."""
    shard = replace(step("a"), items=("t1", "t2", "t3"))
    times = estimates_of({"a": 2, "t1": 5, "t2": 5, "t3": 5})
    fleet = FleetSnapshot(1, 0.0, (provider("x", slots=2),))
    _, tried_changes, gains = changes_and_gains(graph_of(shard), times, fleet)
    halves = tried_changes["a split in two"].graph.steps
    assert [half.items for half in halves] == [("t1", "t3"), ("t2",)]
    assert gains["a split in two"] == pytest.approx(17 - 12)
    _, tried_changes, _ = changes_and_gains(graph_of(replace(shard, items=("t1",))), times, fleet)
    assert "a split in two" not in tried_changes


def test_half_the_demand_that_binds_is_tried_where_there_is_a_half() -> None:
    """A user would not learn that a step asks for more than it is worth."""
    whole = Resources(cpus=4, slots=8)
    fleet = FleetSnapshot(1, 0.0, (ProviderState("x", "shell", whole, whole),))
    demands = [Resources(cpus=cpus, slots=1) for cpus in (4, 4, 1)]
    steps = [
        Step(name, ("true",), Path("/"), name, demand=demand)
        for name, demand in zip("abc", demands, strict=True)
    ]
    _, tried_changes, gains = changes_and_gains(
        graph_of(*steps), estimates_of({"a": 9, "b": 9, "c": 1}), fleet
    )
    (what,) = (each for each in tried_changes if each.startswith("half"))
    assert what == "half the CPUs of 2 steps (now 4)"
    assert gains[what] > 0
    one_slot = graph_of(step("a"), step("b"))
    one_provider = FleetSnapshot(1, 0.0, (provider("x"),))
    _, tried_changes, _ = changes_and_gains(one_slot, estimates_of({"a": 1, "b": 1}), one_provider)
    assert not [each for each in tried_changes if each.startswith("half")]


@pytest.mark.slow
def test_no_more_is_tried_than_is_bearable() -> None:
    """Explaining a large workload would take minutes."""
    kinds = tuple(provider(f"x{n}", 1.0 + n / 10) for n in range(20))
    steps = [step(f"s{n}") for n in range(40)]
    graph, fleet = graph_of(*steps), FleetSnapshot(1, 0.0, kinds)
    times = estimates_of({each.id: 5.0 for each in steps})
    planned = plan(graph, times, fleet)
    plan_binding = binding(graph, planned, fleet)
    assert 4 < len(changes(graph, times, fleet, planned, plan_binding)) <= MAX_CHANGES
    many = replace(graph, steps=graph.steps * 1000)
    assert len(changes(many, times, fleet, planned, plan_binding)) == 1


def test_a_worse_plan_for_more_room_is_no_loss() -> None:
    """More capacity would be said to take longer, as planning again may find a worse plan."""
    graph, fleet = graph_of(step("a")), FleetSnapshot(1, 0.0, (provider("x"),))
    planned = plan(graph, {"a": Estimate("a", 4, 8)}, fleet)
    change = PlanChange("more", graph, {}, fleet)
    worse = replace(planned, makespan_seconds=9.0, cost=7.0)
    (effect,) = effects([change], planned, lambda *_: worse)
    assert (effect.makespan_seconds, effect.gain_seconds, effect.cost) == (4.0, 0.0, 0.0)
