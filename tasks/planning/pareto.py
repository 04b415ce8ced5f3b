"""The Pareto front of cost and makespan of a workload, with the chosen plan marked on it; pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from blocks.goal import Goal
from tasks.estimates import Estimates
from tasks.plan import FleetSnapshot, Plan
from tasks.planning.core.costs import Costs
from tasks.planning.core.problem import Problem, problem_of
from tasks.planning.goal_search import MAX_STEPS, modes_for
from tasks.planning.multimode.fleet import timed_schedule
from tasks.planning.multimode.pareto import pareto_schedules
from tasks.planning.time_cost_tradeoff import tradeoff_schedules
from tasks.quantities import duration
from tasks.workload import StepGraph

# The number of budgets that the search tries.
_LEVELS = 8
# Costs and makespans that differ by a smaller fraction are equal.
_TOLERANCE = 1e-6
NOTHING_TO_TRADE = (
    "Every step costs the same wherever it may run: no plan is cheaper than another, "
    "so there is no front of cost and time to show"
)


@dataclass(frozen=True, slots=True)
class ParetoPoint:
    """Cost and makespan of one plan of the Pareto front: no other is both shorter and cheaper."""

    cost: float
    makespan_seconds: float
    chosen: bool = False


def pareto_front(
    graph: StepGraph, estimates: Estimates, fleet: FleetSnapshot, plan: Plan, effort_seconds: float
) -> tuple[ParetoPoint, ...]:
    """Return the Pareto front, cheapest first; empty if no plan is cheaper than another.

    ``plan`` is in it, even where the search of ``effort_seconds`` finds a better point.
    """
    problem = problem_of(graph, estimates, fleet)
    costs = Costs.of(problem)
    if not costs.uneven:
        return ()
    chosen = ParetoPoint(plan.cost, plan.makespan_seconds, chosen=True)
    points = [
        ParetoPoint(costs.total(schedule.provider), schedule.makespan)
        for schedule in tradeoff_schedules(problem, costs)
    ]
    if problem.steps <= MAX_STEPS and effort_seconds:
        points += _searched(problem, costs, effort_seconds)
    return tuple(_undominated(chosen, points))


def _searched(problem: Problem, costs: Costs, effort_seconds: float) -> Iterator[ParetoPoint]:
    modes = modes_for(problem, costs, Goal())
    for point in pareto_schedules(
        modes.problem, effort_seconds, points=_LEVELS, deterministic=True
    ):
        in_seconds = timed_schedule(modes, point.schedule)
        yield ParetoPoint(in_seconds.cost, in_seconds.makespan_seconds)


def _undominated(chosen: ParetoPoint, others: Iterable[ParetoPoint]) -> Iterator[ParetoPoint]:
    """Yield the points that no other dominates, and the chosen one, by ascending cost."""
    shortest = float("inf")
    points = sorted([chosen, *others], key=lambda p: (p.cost, p.makespan_seconds, not p.chosen))
    for point in points:
        equal = (
            abs(point.cost - chosen.cost) <= _TOLERANCE * chosen.cost
            and abs(point.makespan_seconds - chosen.makespan_seconds)
            <= _TOLERANCE * chosen.makespan_seconds
        )
        if point.chosen or (not equal and point.makespan_seconds < shortest * (1 - _TOLERANCE)):
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
    if not chosen or abs(value - chosen) <= _TOLERANCE * chosen:
        return ""
    return f"{abs(value / chosen - 1):.0%} {words[0] if value > chosen else words[1]}"
