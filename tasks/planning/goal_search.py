"""A plan for a goal by the search over modes, where the steps are few enough for it. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from blocks.goal import Goal
from tasks.planning.core.costs import Costs
from tasks.planning.core.problem import Integers, Problem
from tasks.planning.core.schedule import Schedule
from tasks.planning.multimode.fleet import FleetModes, WeightedGoal, fleet_modes, timed_schedule
from tasks.planning.multimode.problem import ModeProblem, Objective
from tasks.planning.multimode.steady import solve_deterministically

# A child takes time that grows with the square of the steps; for more, little is found in time.
MOST_STEPS = 400


def search_for_goal(  # noqa: PLR0917 - a search: what, for what, from where, how long
    problem: Problem,
    costs: Costs,
    goal: Goal,
    known: Sequence[Integers],
    effort_seconds: float,
    seed: int,
) -> Schedule | None:
    """Return the best schedule found for ``goal``; None where there is none or too many steps.

    ``known`` are the providers of schedules to begin with, int32[n] each.
    """
    if problem.steps > MOST_STEPS:
        return None
    modes = modes_for(problem, costs, goal)
    numbers = _numbers(problem, modes)
    begin = [numbers[np.arange(problem.steps), provider] for provider in known]
    made = solve_deterministically(modes.problem, effort_seconds, seed, begin)
    if made is None:
        return None
    exact = timed_schedule(modes, made)
    return Schedule(exact.provider.astype(np.int32), exact.start_seconds, exact.end_seconds)


def modes_for(problem: Problem, costs: Costs, goal: Goal) -> FleetModes:
    """Return ``problem`` with a mode a provider, its objective that of ``goal``."""
    weighted = goal.objective == "weighted"
    wishes = WeightedGoal(
        time=(goal.hour_is_worth or 0.0) / 3600,
        money=1.0,
        budget=goal.budget,
        deadline_seconds=goal.deadline_seconds,
    )
    modes = fleet_modes(problem, wishes, costs.each)
    if weighted:
        return modes
    late = modes.problem.objective.deadline
    objective = _first_of(modes.problem, goal, late)
    return replace(modes, problem=replace(modes.problem, objective=objective))


def _first_of(problem: ModeProblem, goal: Goal, late: int | None) -> Objective:
    """Return the objective in which time or money counts first, and the other where that is equal."""
    if goal.objective == "makespan":
        dearest = np.maximum.reduceat(problem.consumption[:, 0], problem.modes_at[:-1])
        return Objective(1 + int(dearest.sum()), (1,), late)
    return Objective(1, (1 + int(problem.longest().sum()),), late)


def _numbers(problem: Problem, modes: FleetModes) -> np.ndarray:
    """Return the mode of each step on each provider, int64[n, p]; -1 where it may not run."""
    step, provider = np.nonzero(np.isfinite(problem.seconds))
    numbers = np.full(problem.seconds.shape, -1, np.int64)
    numbers[step, provider] = np.arange(len(modes.provider))
    return numbers
