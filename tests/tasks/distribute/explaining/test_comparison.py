"""Comparison of plans."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from tasks.distribute.explaining.comparison import Move, by_strategy, compare
from tasks.plan import FleetSnapshot
from tasks.planning.planner import plan
from tasks.planning.strategy import STRATEGIES
from tests.tasks.planning.fakes import estimates_of, graph_of, provider, step

GRAPH = graph_of(step("a"), step("b"), step("c", "a", "b"))
TIMES = estimates_of({"a": 4, "b": 3, "c": 1})
FLEET = FleetSnapshot(1, 0.0, (provider("x", 2.0), provider("y")))
PLAN = plan(GRAPH, TIMES, FLEET)


def test_every_strategy_is_planned_and_the_shortest_stands_first() -> None:
    """A user could not see what another strategy would cost."""
    plans = by_strategy(PLAN, partial(plan, GRAPH, TIMES, FLEET))
    assert sorted(each.strategy for each in plans) == sorted(STRATEGIES)
    lengths = [each.makespan_seconds for each in plans]
    assert lengths == sorted(lengths)
    assert any(each is PLAN for each in plans)


def test_a_plan_does_not_differ_from_itself() -> None:
    """Equal plans would be told as a change."""
    assert compare(PLAN, PLAN).same_choices
    assert compare(PLAN, PLAN).seconds == 0


def test_what_moved_is_new_or_gone_is_told() -> None:
    """A user would have to look for it row by row."""
    slower = plan(GRAPH, TIMES, FLEET, "fastest")
    difference = compare(PLAN, slower)
    assert difference.moved == (Move("b", "y", "x"),)
    assert difference.seconds == slower.makespan_seconds - PLAN.makespan_seconds > 0
    assert not difference.same_choices
    grown = plan(graph_of(*GRAPH.steps, step("d")), TIMES, FLEET)
    assert compare(PLAN, grown).added == ("d",)
    assert compare(grown, PLAN).removed == ("d",)


def test_what_comes_in_front_now_is_reordered() -> None:
    """A change of the order would be hidden, or every step be told as changed."""
    turned = replace(PLAN, order=("b", "a", "c"))
    assert compare(PLAN, turned).reordered == ("b",)
    one_to_front = compare(
        replace(PLAN, order=("a", "b", "c")), replace(PLAN, order=("c", "a", "b"))
    )
    assert one_to_front.reordered == ("c",)
