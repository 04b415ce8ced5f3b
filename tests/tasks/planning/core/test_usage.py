"""The utilisation of each provider in a plan."""

from __future__ import annotations

from dataclasses import replace

from blocks.providers.interface import Resources
from tasks.plan import FleetSnapshot
from tasks.planning.core.usage import COMPONENTS, ProviderUse, curves, uses
from tasks.planning.planner import plan
from tests.tasks.planning.fakes import estimates_of, graph_of, provider, step

FLEET = FleetSnapshot(1, 0.0, (provider("x", slots=2), provider("idle", 0.1)))
GRAPH = graph_of(step("a"), step("b"), step("c", "a"))
PLAN = plan(GRAPH, estimates_of({"a": 4, "b": 6, "c": 4}), FLEET)


def test_the_components_are_those_of_a_provider() -> None:
    """A component that is added would be left out of every explanation."""
    assert tuple(Resources.model_fields) == COMPONENTS


def test_a_curve_says_how_full_a_provider_is_from_each_moment_on() -> None:
    """The chart would show a provider as idle while it works."""
    usage = curves(GRAPH, PLAN, FLEET)
    assert usage["x"].moments == (0, 4, 6, 8)
    assert usage["x"].shares == (1, 1, 0.5, 0)
    assert usage["x"].before(0) == (0, 0, 0)
    assert usage["x"].before(8) == (0, 0, 1)
    assert usage["idle"].shares == ()


def test_the_use_is_a_mean_over_the_whole_plan_and_only_of_what_there_is() -> None:
    """A provider without memory to give would be shown as full or empty of it."""
    average_uses = uses(curves(GRAPH, PLAN, FLEET), PLAN.makespan_seconds)
    assert average_uses == (ProviderUse("x", "slots", 14 / 16), ProviderUse("idle", "slots", 0.0))


def test_a_plan_of_nothing_holds_nothing() -> None:
    """An empty workload would fail for its explanation."""
    empty = replace(PLAN, order=(), placements=(), makespan_seconds=0.0)
    average_uses = uses(curves(graph_of(), empty, FLEET), 0.0)
    assert [use.share for use in average_uses] == [0.0, 0.0]
