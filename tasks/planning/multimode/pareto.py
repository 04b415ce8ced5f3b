"""The front of cost and makespan: what each saving costs in time. Pure.

Found by limiting what may be spent, level by level (the epsilon-constraint method: Haimes, Lasdon
and Wismer, IEEE Transactions on Systems, Man and Cybernetics 1, 1971).
"""

from __future__ import annotations

import time
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from tasks.errors import SlipwayError
from tasks.planning.multimode.problem import (
    Ints,
    ModeProblem,
    ModeSchedule,
    Objective,
    schedule_of,
)
from tasks.planning.multimode.solve import solve_modes
from tasks.planning.multimode.steady import solve_deterministically


class ParetoSchedule(NamedTuple):
    """One schedule of the front: its ``cost`` is what its consumption weighs."""

    cost: int
    makespan: int
    schedule: ModeSchedule


def pareto_schedules(
    problem: ModeProblem,
    budget_seconds: float = 2.0,
    seed: int = 0,
    points: int = 8,
    *,
    steady: bool = False,
) -> list[ParetoSchedule]:
    """Return schedules of which none is both dearer and slower than another, the cheapest first.

    A unit of each budgeted resource costs what the objective's ``money`` says, or 1 where that
    says nothing. Of all that may be spent between the least and what the fastest schedule costs,
    ``points`` levels are tried; each gets an equal part of ``budget_seconds``. With ``steady``,
    that is work instead of time, and the same seed finds the same front.

    Raises:
        SlipwayError: no schedule within the budgets and the deadline was found.
    """
    money = problem.objective.money or (1,) * len(problem.budget)
    cost = problem.consumption @ np.array(money, np.int64)
    ends = time.monotonic() + budget_seconds
    dearest = 1 + int(np.maximum.reduceat(cost, problem.modes_at[:-1]).sum())
    slowest = 1 + int(problem.longest().sum())
    deadline = problem.objective.deadline
    fastest_first = replace(problem, objective=Objective(dearest, money, deadline))
    cheapest_first = replace(
        problem, objective=Objective(1, tuple(slowest * m for m in money), deadline)
    )

    def point(of: ModeProblem, parts: int, known: ModeSchedule | None = None) -> ParetoSchedule:
        """Plan within one of ``parts`` equal parts of what time is left."""
        if steady:
            schedule = _steadily(of, budget_seconds / (points + 2), seed, known)
        else:
            left = max(0.0, ends - time.monotonic())
            schedule = solve_modes(of, left / parts, seed, known=known)
        return ParetoSchedule(int(cost[schedule.mode].sum()), schedule.makespan, schedule)

    fast, cheap = point(fastest_first, points + 2), point(cheapest_first, points + 1)
    found = [cheap]
    levels = np.linspace(cheap.cost, fast.cost, points + 2)[1:-1].astype(int)
    for index, level in enumerate(levels):
        if cheap.cost < level < fast.cost:
            # What is cheaper is within this budget too, so that the front never goes back.
            limited, last = _limited(fastest_first, cost, int(level)), found[-1].schedule
            known = schedule_of(limited, last.start, last.mode)
            found.append(point(limited, points - index, known))
    return _undominated([*found, fast])


def _steadily(
    problem: ModeProblem, effort: float, seed: int, known: ModeSchedule | None
) -> ModeSchedule:
    found = solve_deterministically(problem, effort, seed, [known.mode] if known else ())
    options = [each for each in (found, known) if each is not None]
    if not options:
        raise SlipwayError("no schedule was found that keeps within the budgets and the deadline")
    return min(options, key=problem.value)


def _limited(problem: ModeProblem, cost: Ints, limit: int) -> ModeProblem:
    """Return ``problem`` with one more budget: ``limit`` for the sum of ``cost``, shape (k,)."""
    money = problem.objective.money
    return replace(
        problem,
        consumption=np.column_stack((problem.consumption, cost)),
        budget=np.append(problem.budget, limit),
        objective=replace(
            problem.objective, money=(*money, *[0] * (len(problem.budget) + 1 - len(money)))
        ),
    )


def _undominated(found: list[ParetoSchedule]) -> list[ParetoSchedule]:
    front: list[ParetoSchedule] = []
    for point in sorted(found, key=lambda item: (item.cost, item.makespan)):
        if not front or point.makespan < front[-1].makespan:
            front.append(point)
    return front
