"""Neighbourhoods of large neighbourhood search: jobs that are free while others keep order; pure.

They are by time, by precedence or by resource, at random; the caller adapts their size.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from tasks.planning.multimode.problem import ModeProblem, ModeSchedule

Flags = npt.NDArray[np.bool_]


def window(
    problem: ModeProblem, schedule: ModeSchedule, size: int, random: np.random.Generator
) -> Flags:
    """Return about ``size`` jobs to set free, shape (n,), by a random kind of neighbourhood."""
    kind = random.integers(4)
    if kind == 0:
        distance = _by_precedence(problem, random)
    elif kind == 1:
        distance = _by_resource(problem, schedule, random)
    else:
        distance = _by_time(problem, schedule, random)
    free = np.zeros(problem.jobs, bool)
    free[np.argsort(distance, kind="stable")[:size]] = True
    return free


def _by_time(
    problem: ModeProblem, schedule: ModeSchedule, random: np.random.Generator
) -> npt.NDArray[np.float64]:
    """Return the distance of each job's middle from a random moment."""
    middle = schedule.start + problem.duration[schedule.mode] / 2
    return np.abs(middle - random.uniform(0, schedule.makespan)) + random.uniform(0, 1, len(middle))


def _by_precedence(problem: ModeProblem, random: np.random.Generator) -> npt.NDArray[np.float64]:
    """Return the number of needs between each job and a random one, with some noise."""
    distance = np.full(problem.jobs, np.inf)
    distance[random.integers(problem.jobs)] = 0
    owners = np.repeat(np.arange(problem.jobs), np.diff(problem.needs_at))
    for _ in range(3):
        step = random.uniform(0.5, 1.5, len(owners))
        np.minimum.at(distance, problem.needs, distance[owners] + step)
        np.minimum.at(distance, owners, distance[problem.needs] + step)
    return distance


def _by_resource(
    problem: ModeProblem, schedule: ModeSchedule, random: np.random.Generator
) -> npt.NDArray[np.float64]:
    """Return the distance in time of the jobs that use one resource; others are far."""
    distance = _by_time(problem, schedule, random)
    if problem.demand.shape[1]:
        uses = problem.demand[schedule.mode, random.integers(problem.demand.shape[1])] > 0
        distance[~uses] += schedule.makespan / 2
    return distance
