"""The Pareto front of cost and makespan of a multi-mode problem; pure.

It is found by limiting the cost level by level (the epsilon-constraint method: Haimes, Lasdon and
Wismer, IEEE Transactions on Systems, Man and Cybernetics 1, 1971).
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
    """One schedule of the Pareto front; ``cost`` is its weighted consumption."""

    cost: int
    makespan: int
    schedule: ModeSchedule


def pareto_schedules(
    problem: ModeProblem,
    budget_seconds: float = 2.0,
    seed: int = 0,
    points: int = 8,
    *,
    deterministic: bool = False,
) -> list[ParetoSchedule]:
    """Return schedules of which none is both dearer and slower than another, the cheapest first.

    A unit of each budgeted resource costs the objective's ``money``, or 1 where that is empty.
    Between the costs of the cheapest and the fastest schedule, ``points`` levels are tried; each
    gets an equal part of ``budget_seconds``. With ``deterministic``, that is work instead of
    time, and the same seed finds the same front.

    Raises:
        SlipwayError: no schedule within the budgets and the deadline was found.
    """
    money = problem.objective.money or (1,) * len(problem.budget)
    cost = problem.consumption @ np.array(money, np.int64)
    deadline_time = time.monotonic() + budget_seconds
    dearest = 1 + int(np.maximum.reduceat(cost, problem.modes_at[:-1]).sum())
    slowest = 1 + int(problem.longest().sum())
    deadline = problem.objective.deadline
    fastest_first = replace(problem, objective=Objective(dearest, money, deadline))
    cheapest_first = replace(
        problem, objective=Objective(1, tuple(slowest * m for m in money), deadline)
    )

    def point(
        subproblem: ModeProblem, parts: int, initial: ModeSchedule | None = None
    ) -> ParetoSchedule:
        """Plan within one of ``parts`` equal parts of the time left."""
        if deterministic:
            schedule = _deterministic_schedule(
                subproblem, budget_seconds / (points + 2), seed, initial
            )
        else:
            seconds_left = max(0.0, deadline_time - time.monotonic())
            schedule = solve_modes(subproblem, seconds_left / parts, seed, initial=initial)
        return ParetoSchedule(int(cost[schedule.mode].sum()), schedule.makespan, schedule)

    fastest, cheapest = point(fastest_first, points + 2), point(cheapest_first, points + 1)
    front = [cheapest]
    levels = np.linspace(cheapest.cost, fastest.cost, points + 2)[1:-1].astype(int)
    for index, level in enumerate(levels):
        if cheapest.cost < level < fastest.cost:
            # A cheaper schedule is within this budget too, so that the front is monotonous.
            limited, last_schedule = _limited(fastest_first, cost, int(level)), front[-1].schedule
            initial = schedule_of(limited, last_schedule.start, last_schedule.mode)
            front.append(point(limited, points - index, initial))
    return _undominated([*front, fastest])


def _deterministic_schedule(
    problem: ModeProblem, effort: float, seed: int, initial: ModeSchedule | None
) -> ModeSchedule:
    searched = solve_deterministically(problem, effort, seed, [initial.mode] if initial else ())
    options = [schedule for schedule in (searched, initial) if schedule is not None]
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


def _undominated(candidates: list[ParetoSchedule]) -> list[ParetoSchedule]:
    front: list[ParetoSchedule] = []
    for point in sorted(candidates, key=lambda point: (point.cost, point.makespan)):
        if not front or point.makespan < front[-1].makespan:
            front.append(point)
    return front
