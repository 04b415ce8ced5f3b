"""The front of cost and makespan of a workload, with the plan that was chosen marked on it. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from blocks.goal import Goal
from tasks.estimates import Estimates
from tasks.plan import FleetSnapshot, Plan
from tasks.planning.core.costs import Costs
from tasks.planning.core.problem import Problem, problem_of
from tasks.planning.goal_search import MOST_STEPS, modes_for
from tasks.planning.multimode.fleet import timed_schedule
from tasks.planning.multimode.pareto import pareto_schedules
from tasks.planning.time_cost_tradeoff import tradeoff_schedules
from tasks.quantities import duration
from tasks.workload import StepGraph

_LEVELS = 8
# What differs by less is the same point.
_SAME = 1e-6
NOTHING_TO_TRADE = (
    "Every step costs the same wherever it may run: no plan is cheaper than another, "
    "so there is no front of cost and time to show"
)


@dataclass(frozen=True, slots=True)
class ParetoPoint:
    """What one plan would take and cost; on the front, none is both shorter and cheaper."""

    cost: float
    makespan_seconds: float
    chosen: bool = False


def pareto_front(
    graph: StepGraph, estimates: Estimates, fleet: FleetSnapshot, plan: Plan, effort_seconds: float
) -> tuple[ParetoPoint, ...]:
    """Return the front, the cheapest first; empty where no plan is cheaper than another.

    ``plan`` is in it, also where a point found by more ``effort_seconds`` turns out to be better.
    """
    problem = problem_of(graph, estimates, fleet)
    costs = Costs.of(problem)
    if not costs.uneven:
        return ()
    chosen = ParetoPoint(plan.cost, plan.makespan_seconds, chosen=True)
    found = [
        ParetoPoint(costs.total(made.provider), made.makespan)
        for made in tradeoff_schedules(problem, costs)
    ]
    if problem.steps <= MOST_STEPS and effort_seconds:
        found += _searched(problem, costs, effort_seconds)
    return tuple(_undominated(chosen, found))


def _searched(problem: Problem, costs: Costs, effort_seconds: float) -> Iterator[ParetoPoint]:
    modes = modes_for(problem, costs, Goal())
    for point in pareto_schedules(modes.problem, effort_seconds, points=_LEVELS, steady=True):
        exact = timed_schedule(modes, point.schedule)
        yield ParetoPoint(exact.cost, exact.makespan_seconds)


def _undominated(chosen: ParetoPoint, found: Iterable[ParetoPoint]) -> Iterator[ParetoPoint]:
    """Give the points that no other beats, and the chosen one where it belongs."""
    shortest = float("inf")
    points = sorted([chosen, *found], key=lambda p: (p.cost, p.makespan_seconds, not p.chosen))
    for point in points:
        same = (
            abs(point.cost - chosen.cost) <= _SAME * chosen.cost
            and abs(point.makespan_seconds - chosen.makespan_seconds)
            <= _SAME * chosen.makespan_seconds
        )
        if point.chosen or (not same and point.makespan_seconds < shortest * (1 - _SAME)):
            yield point
            shortest = min(shortest, point.makespan_seconds)


def pareto_rows(points: Iterable[ParetoPoint]) -> list[dict[str, str]]:
    """Return one row a point, the cheapest first, each against the chosen one."""
    points = list(points)
    chosen = next(point for point in points if point.chosen)
    return [
        {
            "plan": "chosen" if point.chosen else "",
            "cost": f"{point.cost:.4f}",
            "makespan": duration(point.makespan_seconds),
            "costs": _against(point.cost, chosen.cost, ("more", "less")),
            "takes": _against(
                point.makespan_seconds, chosen.makespan_seconds, ("longer", "shorter")
            ),
        }
        for point in points
    ]


def _against(value: float, chosen: float, words: tuple[str, str]) -> str:
    if not chosen or abs(value - chosen) <= _SAME * chosen:
        return ""
    return f"{abs(value / chosen - 1):.0%} {words[0] if value > chosen else words[1]}"
