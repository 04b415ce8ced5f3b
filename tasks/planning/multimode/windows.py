"""Chooses which jobs of a schedule are free to move while the rest keeps its order. Pure.

Windows by time, by precedence and by resource, in turn; their size follows their success.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from tasks.planning.multimode.problem import ModeProblem, ModeSchedule

Flags = npt.NDArray[np.bool_]


def window(
    problem: ModeProblem, schedule: ModeSchedule, size: int, random: np.random.Generator
) -> Flags:
    """Return about ``size`` jobs to set free, shape (n,): of one kind of neighbourhood at random."""
    kind = random.integers(4)
    if kind == 0:
        near = _by_precedence(problem, random)
    elif kind == 1:
        near = _by_resource(problem, schedule, random)
    else:
        near = _by_time(problem, schedule, random)
    free = np.zeros(problem.jobs, bool)
    free[np.argsort(near, kind="stable")[:size]] = True
    return free


def _by_time(
    problem: ModeProblem, schedule: ModeSchedule, random: np.random.Generator
) -> npt.NDArray[np.float64]:
    """Return how far each job's middle is from a moment."""
    middle = schedule.start + problem.duration[schedule.mode] / 2
    return np.abs(middle - random.uniform(0, schedule.makespan)) + random.uniform(0, 1, len(middle))


def _by_precedence(problem: ModeProblem, random: np.random.Generator) -> npt.NDArray[np.float64]:
    """Return how many needs lie between each job and one of them, with some chance."""
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
    near = _by_time(problem, schedule, random)
    if problem.demand.shape[1]:
        uses = problem.demand[schedule.mode, random.integers(problem.demand.shape[1])] > 0
        near[~uses] += schedule.makespan / 2
    return near
