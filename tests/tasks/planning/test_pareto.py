"""The Pareto front of cost and makespan in a dry run."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blocks.goal import Goal
from tasks.distribute.explaining.explanation import explanation_of
from tasks.distribute.explaining.explanation_report import what_if
from tasks.distribute.explaining.pareto_chart import draw_pareto_front
from tasks.plan import FleetSnapshot
from tasks.planning.pareto import pareto_front, pareto_rows
from tasks.planning.planner import plan
from tasks.planning.strategy import GOAL
from tests.properties import at_most
from tests.tasks.planning.test_goals import SLOW_AND_FAST, chain, priced

STEPS = st.lists(st.sampled_from([1.0, 3.0, 8.0]), min_size=1, max_size=6)


@pytest.mark.slow
@at_most(25)
@given(STEPS, st.floats(0, 1))
def test_no_point_is_beaten_by_another_and_the_plan_is_among_them(
    seconds: list[float], part: float
) -> None:
    """A user would be offered a bad bargain, or not see where the plan lies."""
    graph, times = chain(*seconds)
    budget = sum(seconds) * (1 + 1.5 * part)
    planned = plan(graph, times, SLOW_AND_FAST, budget_seconds=0, goal=Goal(budget=budget))
    points = pareto_front(graph, times, SLOW_AND_FAST, planned, 0)
    [chosen_point] = [point for point in points if point.chosen]
    assert (chosen_point.cost, chosen_point.makespan_seconds) == (
        planned.cost,
        planned.makespan_seconds,
    )
    others = [point for point in points if not point.chosen]
    for cheaper, faster in itertools.pairwise(others):
        assert cheaper.cost < faster.cost
        assert cheaper.makespan_seconds > faster.makespan_seconds
    assert points[0].cost == pytest.approx(sum(seconds))


@pytest.mark.parametrize("fleet", [priced((1, 0), (4, 0)), priced((1, 1), (2, 2))])
def test_equal_prices_leave_nothing_to_trade(fleet: FleetSnapshot) -> None:
    """A chart would show one point, and pretend there was a choice."""
    graph, times = chain(10, 10)
    assert pareto_front(graph, times, fleet, plan(graph, times, fleet), 0) == ()


@pytest.mark.slow
def test_rows_say_what_more_money_would_buy() -> None:
    """A user would have to work out the difference to the plan."""
    graph, times = chain(10, 10)
    planned = plan(graph, times, SLOW_AND_FAST, goal=Goal(objective="cost"), budget_seconds=0)
    points = pareto_front(graph, times, SLOW_AND_FAST, planned, 0)
    first, *_, last = pareto_rows(points)
    assert (first["plan"], first["cost"], first["makespan"]) == ("chosen", "20.0000", "20.0 s")
    assert (last["costs"], last["takes"]) == ("150% more", "75% shorter")
    assert draw_pareto_front("Front", points).startswith(b"\x89PNG")


@pytest.mark.slow
def test_a_larger_budget_and_a_later_deadline_are_tried() -> None:
    """A user would not know that a little more money saves much time, or the other way round."""
    graph, times = chain(10, 10, spread=1.0)

    def told(goal: Goal) -> str:
        """Return what a dry run says of the plan for ``goal``."""
        planned = plan(graph, times, SLOW_AND_FAST, budget_seconds=0, goal=goal)
        assert planned.strategy == GOAL
        by = lambda *arguments, **named: plan(*arguments, **named, budget_seconds=0)  # noqa: E731
        return what_if(explanation_of(graph, times, SLOW_AND_FAST, planned, by))

    assert "| a budget of 37.5 | 12.5 s | 7.5 s (37.5%) | +15.0000 |" in told(Goal(budget=30))
    later = told(Goal(objective="cost", deadline_seconds=16))
    assert "| a deadline of 20 s | 20.0 s | -7.5 s (-60.0%) | -15.0000 |" in later


@pytest.mark.integration
def test_the_search_is_the_same_for_the_same_effort() -> None:
    """Two dry runs of one workload would show two fronts."""
    graph, times = chain(10, 20, 5, 13, 8, spread=1.0)
    planned = plan(graph, times, SLOW_AND_FAST, goal=Goal(budget=100), budget_seconds=0)
    front = pareto_front(graph, times, SLOW_AND_FAST, planned, 0.3)
    assert front == pareto_front(graph, times, SLOW_AND_FAST, planned, 0.3)
    assert len(front) >= len(pareto_front(graph, times, SLOW_AND_FAST, planned, 0)) - 1
