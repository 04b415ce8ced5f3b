"""The first plan: list scheduling by upward rank, each step where it ends first; pure.

After Topcuoglu, Hariri and Wu (HEFT, 2002), with insertion into gaps and vectors of capacity.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tasks.planning.core.lanes import Lanes, lanes_of
from tasks.planning.core.problem import Floats, Integers, Problem
from tasks.planning.core.schedule import Schedule
from tasks.planning.greedy import greedy
from tasks.planning.kernels import bound
from tasks.planning.kernels import construct as construction

# The gaps of a class of lanes that are remembered; older ones are left unused.
GAPS = 64
# The pieces of a provider's timeline that are remembered, likewise.
PIECES = 512


@dataclass(frozen=True, slots=True, eq=False)
class ScheduleGenerator:
    """The serial schedule generation scheme (Kolisch, 1996) for one problem.

    ``lanes`` is None where steps have different demands.
    """

    problem: Problem
    lanes: Lanes | None

    @classmethod
    def of(cls, problem: Problem) -> ScheduleGenerator:
        """Return the generator of ``problem``, on lanes where its fleet consists of them."""
        return cls(problem, lanes_of(problem))

    @property
    def kinds(self) -> int:
        """The number of kinds that a step can be assigned to: classes of lanes, or providers."""
        return self.problem.providers if self.lanes is None else len(self.lanes.count)

    def kinds_of(self, provider: Integers) -> Integers:
        """Return the kind of each of those providers; int32[n]."""
        if self.lanes is None:
            return provider
        kind = np.full(self.problem.providers, -1, np.int32)
        kind[self.lanes.provider] = self.lanes.kind
        return kind[provider]

    def place(self, order: Integers, assigned: Integers | None = None) -> Schedule:
        """Place the steps in that order; ``assigned`` is int32[n], a kind or -1."""
        problem, count = self.problem, self.problem.steps
        where, start, end = np.empty(count, np.int32), np.empty(count), np.empty(count)
        assigned_kind = np.full(count, -1, np.int32) if assigned is None else assigned
        needs_start, needs, release = problem.needs_start, problem.needs, np.zeros(count)
        if self.lanes is None:
            construction.on_vectors(
                order, needs_start, needs, problem.seconds, problem.demand, problem.capacity,
                assigned_kind, release, PIECES, where, start, end,
            )  # fmt: skip
            return Schedule(where, start, end)
        lanes = self.lanes
        free_at = np.zeros(len(lanes.provider))
        construction.on_lanes(
            order, needs_start, needs, lanes.seconds, lanes.count, lanes.first,
            assigned_kind, release, free_at, GAPS, where, start, end,
        )  # fmt: skip
        return Schedule(lanes.provider[where], start, end)


def construct(problem: Problem) -> Schedule:
    """Return a first schedule of ``problem``, never worse than that of plain executors."""
    ranked = ScheduleGenerator.of(problem).place(by_rank(problem))
    return min(ranked, greedy(problem), key=lambda schedule: schedule.makespan)


def by_rank(problem: Problem) -> Integers:
    """Return the steps by upward rank, the longest path to the end by mean duration first.

    No step comes before its needs. This is also the order to dispatch by: under noise it lost
    least of those tried, while the starts of a tight plan depend on each other by chance.
    """
    mean = mean_seconds(problem)
    rank = mean + bound.longest_after(problem.followers_start, problem.followers, mean)
    # Stable: of equal ranks, which zero durations bring about, the topological order decides.
    return np.argsort(-rank, kind="stable").astype(np.int32)


def mean_seconds(problem: Problem) -> Floats:
    """Return the mean duration of each step over the providers that it may run on."""
    allowed = np.isfinite(problem.seconds)
    total = np.sum(problem.seconds, axis=1, where=allowed)
    return np.asarray(total / allowed.sum(axis=1), np.float64)
