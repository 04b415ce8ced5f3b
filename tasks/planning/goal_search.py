"""Goal search: a plan for a goal by the multi-mode search, for a limited number of steps; pure."""

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

# The time of a child grows with the square of the steps; with more, little is found in time.
MAX_STEPS = 400


def search_for_goal(
    problem: Problem,
    costs: Costs,
    goal: Goal,
    initial: Sequence[Integers],
    *,
    effort_seconds: float,
    seed: int,
) -> Schedule | None:
    """Return the best schedule found for ``goal``; None if there is none or too many steps.

    ``initial`` are the providers of the schedules to begin with, int32[n] each.
    """
    if problem.steps > MAX_STEPS:
        return None
    modes = modes_for(problem, costs, goal)
    numbers = _numbers(problem, modes)
    begin = [numbers[np.arange(problem.steps), provider] for provider in initial]
    schedule = solve_deterministically(modes.problem, effort_seconds, seed, begin)
    if schedule is None:
        return None
    in_seconds = timed_schedule(modes, schedule)
    return Schedule(
        in_seconds.provider.astype(np.int32), in_seconds.start_seconds, in_seconds.end_seconds
    )


def modes_for(problem: Problem, costs: Costs, goal: Goal) -> FleetModes:
    """Return ``problem`` with one mode for each provider and the objective of ``goal``."""
    weighted = goal.objective == "weighted"
    weighted_goal = WeightedGoal(
        time=(goal.hour_is_worth or 0.0) / 3600,
        money=1.0,
        budget=goal.budget,
        deadline_seconds=goal.deadline_seconds,
    )
    modes = fleet_modes(problem, weighted_goal, costs.by_provider)
    if weighted:
        return modes
    deadline = modes.problem.objective.deadline
    objective = _first_of(modes.problem, goal, deadline)
    return replace(modes, problem=replace(modes.problem, objective=objective))


def _first_of(problem: ModeProblem, goal: Goal, deadline: int | None) -> Objective:
    """Return the lexicographic objective: time or money first, then the other."""
    if goal.objective == "makespan":
        dearest = np.maximum.reduceat(problem.consumption[:, 0], problem.modes_at[:-1])
        return Objective(1 + int(dearest.sum()), (1,), deadline)
    return Objective(1, (1 + int(problem.longest().sum()),), deadline)


def _numbers(problem: Problem, modes: FleetModes) -> np.ndarray:
    """Return the mode of each step on each provider, int64[n, p]; -1 where it may not run."""
    step, provider = np.nonzero(np.isfinite(problem.seconds))
    numbers = np.full(problem.seconds.shape, -1, np.int64)
    numbers[step, provider] = np.arange(len(modes.provider))
    return numbers
