"""Plans for goals: limits are kept, or refused with ones that can be kept."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blocks.goal import Goal
from blocks.providers.interface import Resources
from tasks.errors import BadInputError
from tasks.estimates import Estimate
from tasks.plan import FleetSnapshot, Plan, ProviderState
from tasks.planning.core.costs import Costs
from tasks.planning.core.problem import problem_of
from tasks.planning.feasibility import violations
from tasks.planning.outlook import with_eta
from tasks.planning.planner import plan
from tasks.planning.strategy import GOAL, PLANNED
from tasks.workload import SplitDecision, Step, StepGraph
from tests.properties import at_most

HOUR = 3600.0
CAPACITY = Resources(cpus=2, memory_mib=1000, slots=2)


def priced(*speeds_and_prices: tuple[float, float]) -> FleetSnapshot:
    """Idle providers of two slots, of that speed and at that price of a second."""
    providers = (
        ProviderState(f"p{n}", "shell", CAPACITY, CAPACITY, speed, price * HOUR)
        for n, (speed, price) in enumerate(speeds_and_prices)
    )
    return FleetSnapshot(1, 0.0, tuple(providers))


SLOW_AND_FAST = priced((1, 1), (4, 10))


def chain(*seconds: float, spread: float = 1.5) -> tuple[StepGraph, dict[str, Estimate]]:
    """Steps one after the other; 90 % of their runs take at most ``spread`` times as long."""
    steps = tuple(
        Step(
            f"s{n}",
            ("x",),
            Path("/"),
            f"s{n}",
            needs=(f"s{n - 1}",) if n else (),
            demand=Resources(slots=1),
        )
        for n in range(len(seconds))
    )
    times = {f"s{n}": Estimate(f"s{n}", x, x * spread, n=9) for n, x in enumerate(seconds)}
    return StepGraph("p", "w", steps, SplitDecision(len(steps), "")), times


@st.composite
def workloads(draw: st.DrawFn) -> tuple[StepGraph, dict[str, Estimate], FleetSnapshot]:
    """Any small graph whose steps last, on any two or three priced providers."""
    count = draw(st.integers(1, 9))
    steps = tuple(
        Step(
            f"s{n}",
            ("x",),
            Path("/"),
            f"s{n}",
            needs=tuple(
                f"s{m}" for m in sorted(draw(st.sets(st.integers(0, 9), max_size=2))) if m < n
            ),
            demand=Resources(slots=1, memory_mib=draw(st.sampled_from([0, 600]))),
        )
        for n in range(count)
    )
    times = {
        step.id: Estimate(step.id, seconds, seconds * draw(st.sampled_from([1.0, 2.0])), n=9)
        for step in steps
        for seconds in [draw(st.sampled_from([1.0, 2.5, 7.0]))]
    }
    each = st.tuples(st.sampled_from([0.5, 1.0, 3.0]), st.sampled_from([0.0, 0.5, 1.0, 4.0]))
    fleet = priced(*draw(st.lists(each, min_size=2, max_size=3)))
    return StepGraph("p", "w", steps, SplitDecision(count, "")), times, fleet


def quick(graph: StepGraph, times: dict[str, Estimate], fleet: FleetSnapshot, goal: Goal) -> Plan:
    """The plan for that goal by quick schedules alone."""
    return plan(graph, times, fleet, budget_seconds=0, goal=goal)


@pytest.mark.slow
@at_most(50)
@given(workloads(), st.floats(0, 1))
def test_a_budget_is_never_exceeded_and_always_used(
    workload: tuple[StepGraph, dict[str, Estimate], FleetSnapshot], part: float
) -> None:
    """A plan would cost more than was granted, or a budget that suffices be refused."""
    graph, times, fleet = workload
    costs = Costs.of(problem_of(graph, times, fleet))
    budget = costs.least + part * (costs.most - costs.least)
    planned = quick(graph, times, fleet, Goal(budget=budget))
    seconds = {key: estimate.p50_seconds for key, estimate in times.items()}
    assert planned.cost <= budget * (1 + 1e-9)
    assert violations(graph, seconds, fleet, planned) == []
    assert planned.makespan_seconds >= planned.bound_seconds - 1e-6


@pytest.mark.slow
@at_most(50)
@given(workloads())
def test_the_cheapest_plan_is_the_cheapest_there_is(
    workload: tuple[StepGraph, dict[str, Estimate], FleetSnapshot],
) -> None:
    """Who asks for the least money would pay more."""
    graph, times, fleet = workload
    planned = quick(graph, times, fleet, Goal(objective="cost"))
    least = Costs.of(problem_of(graph, times, fleet)).least
    if planned.strategy == GOAL:  # else all plans cost the same
        assert planned.cost == pytest.approx(least)


@pytest.mark.slow
@at_most(25)
@given(workloads(), st.floats(0.7, 6))
def test_a_deadline_is_kept_as_probably_as_asked_or_refused(
    workload: tuple[StepGraph, dict[str, Estimate], FleetSnapshot], factor: float
) -> None:
    """A run would start that is late more often than its user permits."""
    graph, times, fleet = workload
    shortest = plan(graph, times, fleet, budget_seconds=0)
    deadline = factor * shortest.makespan_seconds
    goal = Goal(objective="cost", deadline_seconds=deadline, probability=0.8)
    try:
        planned = with_eta(graph, times, fleet, quick(graph, times, fleet, goal))
    except BadInputError as refused:
        assert refused.field == "goal.deadline_seconds"  # noqa: PT017 - either may happen
        planned = with_eta(graph, times, fleet, shortest)
        assert planned.eta
        assert planned.eta.p80_seconds > deadline
    else:
        assert planned.eta
        assert planned.eta.on_time is not None
        assert planned.eta.on_time >= 0.8


def test_a_budget_below_the_cheapest_plan_is_refused_with_what_it_costs() -> None:
    """The user would try one budget after the other."""
    graph, times = chain(10, 10)
    with pytest.raises(BadInputError, match=r"the cheapest plan costs 20\.0000") as error:
        quick(graph, times, SLOW_AND_FAST, Goal(budget=19))
    assert (error.value.field, error.value.value) == ("goal.budget", 19)
    assert "Give 20.00 or more" in error.value.remedy


def test_a_deadline_that_nothing_keeps_is_refused_with_what_would_do() -> None:
    """The run would start although it cannot be in time."""
    graph, times = chain(10, 10)
    with pytest.raises(BadInputError, match="simulated runs, not in 90%") as error:
        quick(graph, times, SLOW_AND_FAST, Goal(deadline_seconds=5))
    allowed = float(error.value.remedy.partition("Allow ")[2].partition(" s")[0])
    assert quick(graph, times, SLOW_AND_FAST, Goal(deadline_seconds=allowed)).strategy == PLANNED


def test_without_prices_money_changes_nothing() -> None:
    """Providers would be pinned for a saving that there is not."""
    graph, times = chain(10, 10)
    free = priced((1, 0), (4, 0))
    planned = quick(graph, times, free, Goal(objective="cost", budget=0))
    assert (planned.strategy, planned.placements) == (PLANNED, plan(graph, times, free).placements)


def test_another_strategy_knows_no_goal() -> None:
    """A budget would be given and not be kept."""
    graph, times = chain(10)
    with pytest.raises(BadInputError, match="strategy: it cannot plan for the shortest, at most 1"):
        plan(graph, times, SLOW_AND_FAST, "fastest", goal=Goal(budget=1))
    assert plan(graph, times, SLOW_AND_FAST, "fastest", goal=Goal()).strategy == "fastest"


def test_more_money_or_time_is_never_worse() -> None:
    """A front point would be dearer than the one that costs less and takes as long."""
    graph, times = chain(10, 20, 5, spread=1.0)
    budgets = [35.0, 50.0, 60.0, 90.0]
    planned = [quick(graph, times, SLOW_AND_FAST, Goal(budget=budget)) for budget in budgets]
    spans = [each.makespan_seconds for each in planned]
    assert spans == sorted(spans, reverse=True)
    deadlines = [each.makespan_seconds for each in planned]
    again = [
        quick(graph, times, SLOW_AND_FAST, Goal(objective="cost", deadline_seconds=deadline))
        for deadline in deadlines
    ]
    for tighter, looser in zip(planned, again, strict=True):
        assert looser.cost <= tighter.cost + 1e-9


@pytest.mark.integration
def test_the_search_over_modes_finds_what_quick_schedules_do_not() -> None:
    """Money would be spent where it buys no time; the same seed would find another plan."""
    graph, times = chain(10, 20, 5, 13, 8, spread=1.0)
    goal = Goal(budget=100)
    planned = plan(graph, times, SLOW_AND_FAST, budget_seconds=0.3, goal=goal)
    assert planned.cost <= 100
    assert planned.makespan_seconds <= quick(graph, times, SLOW_AND_FAST, goal).makespan_seconds
    assert planned == plan(graph, times, SLOW_AND_FAST, budget_seconds=0.3, goal=goal)
