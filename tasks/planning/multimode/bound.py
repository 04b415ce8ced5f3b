"""Lower bounds of the makespan and the objective of a multi-mode schedule; pure."""

from __future__ import annotations

import numpy as np

from tasks.planning.multimode.problem import Ints, ModeProblem


def heads(problem: ModeProblem) -> Ints:
    """Return the earliest start of each job in ticks, resources left out; shape (n,)."""
    shortest = problem.shortest()
    head = np.zeros(problem.jobs, np.int64)
    for job in range(problem.jobs):
        needs = problem.needs_of(job)
        if len(needs):
            head[job] = (head[needs] + shortest[needs]).max()
    return head


def tails(problem: ModeProblem) -> Ints:
    """Return for each job the least time from its start to the end of all, in ticks; (n,)."""
    shortest = problem.shortest()
    tail = shortest.copy()
    for job in range(problem.jobs - 1, -1, -1):
        needs = problem.needs_of(job)
        tail[needs] = np.maximum(tail[needs], shortest[needs] + tail[job])
    return tail


def min_makespan(problem: ModeProblem) -> int:
    """Return the larger of the critical path and, for each resource, of head-tail-work.

    Head-tail-work: the jobs with a head of at least ``h`` and a time after them of at least ``q``
    need ``h`` + their least work over the capacity + ``q``.
    """
    head, tail = heads(problem), tails(problem)
    after = tail - problem.shortest()
    best = int((head + tail).max(initial=0))
    work = np.minimum.reduceat(problem.demand * problem.duration[:, None], problem.modes_at[:-1])
    for release in np.unique(head):
        released = head >= release
        by_after = np.argsort(-after[released], kind="stable")
        followed_by = after[released][by_after]
        sums = np.cumsum(work[released][by_after], axis=0)
        ticks = -(-sums // np.maximum(1, problem.capacity))
        best = max(best, int((release + followed_by[:, None] + ticks).max(initial=0)))
    return best


def min_value(problem: ModeProblem, makespan: int) -> int:
    """Return a lower bound of the objective where no schedule ends before ``makespan``."""
    cheapest = np.minimum.reduceat(problem.price(), problem.modes_at[:-1])
    return problem.objective.time * makespan + int(cheapest.sum())
