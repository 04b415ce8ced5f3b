"""The binding chain of a plan: needs, or a resource that other steps hold."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given

from blocks.providers.interface import Resources
from tasks.distribute.explaining.binding import Link, binding
from tasks.plan import FleetSnapshot, ProviderState
from tasks.planning.planner import plan
from tasks.workload import Step, StepGraph
from tests.properties import at_most
from tests.tasks.planning.fakes import estimates_of, graph_of, provider, step
from tests.tasks.planning.test_planner import estimates_for, problems


def test_needs_alone_are_told_from_a_provider_that_is_waited_for() -> None:
    """More providers would be bought where only shorter steps help, or the other way round."""
    graph = graph_of(step("a"), step("b", "a"))
    times = estimates_of({"a": 3, "b": 4})
    fleet = FleetSnapshot(1, 0.0, (provider("x"),))
    plan_binding = binding(graph, plan(graph, times, fleet), fleet)
    assert plan_binding.chain == (Link("a", 3.0), Link("b", 4.0))
    assert plan_binding.resource is None

    free = graph_of(step("a"), step("b"))
    plan_binding = binding(free, plan(free, times, fleet), fleet)
    assert plan_binding.chain == (Link("b", 4.0, ("x", "slots")), Link("a", 3.0))
    assert plan_binding.waits == {("x", "slots"): 4.0}
    assert plan_binding.share(("x", "slots")) == pytest.approx(1.0)
    assert plan_binding.share(("y", "slots")) == 0.0


def test_the_component_that_lacks_is_named() -> None:
    """A user would add CPUs where memory is short."""
    whole = Resources(cpus=8, memory_mib=1000, slots=8)
    fleet = FleetSnapshot(1, 0.0, (ProviderState("x", "shell", whole, whole),))
    demand = Resources(cpus=1, memory_mib=600, slots=1)
    steps = [Step(name, ("true",), Path("/"), name, demand=demand) for name in "ab"]
    graph = graph_of(*steps)
    plan_binding = binding(graph, plan(graph, estimates_of({"a": 2, "b": 1}), fleet), fleet)
    assert plan_binding.resource == ("x", "memory_mib")
    assert plan_binding.tied(("x", "memory_mib")) == ("memory_mib",)
    assert plan_binding.tied(("x", "cpus")) == ("cpus", "memory_mib", "slots")


def test_a_plan_of_nothing_has_no_chain() -> None:
    """An empty workload would fail for its explanation."""
    fleet = FleetSnapshot(1, 0.0, (provider("x"),))
    empty_plan = replace(plan(graph_of(step("a")), {}, fleet), order=(), placements=())
    assert binding(graph_of(), empty_plan, fleet).chain == ()


@pytest.mark.slow
@at_most(40)
@given(problems())
def test_the_chain_lasts_from_the_start_to_the_end(
    problem: tuple[StepGraph, dict[str, float], FleetSnapshot],
) -> None:
    """A part of the time would be explained by nothing, or twice."""
    graph, seconds, fleet = problem
    any_plan = plan(graph, estimates_for(seconds), fleet)
    chain = binding(graph, any_plan, fleet).chain
    assert sum(link.seconds for link in chain) <= any_plan.makespan_seconds + 1e-6
    starts = [any_plan.placement(link.step).start_seconds for link in chain]
    assert starts == sorted(starts)
    assert any_plan.placement(chain[-1].step).end_seconds == any_plan.makespan_seconds
