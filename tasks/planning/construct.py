"""A first plan: steps by upward rank, each where it ends first, into the earliest gap. Pure.

Lists are scheduled after Topcuoglu, Hariri and Wu (HEFT, 2002), with vectors of capacity.
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

# Gaps or pieces of a provider's time that are remembered; older ones are left unused.
GAPS, PIECES = 64, 512


@dataclass(frozen=True, slots=True, eq=False)
class ScheduleGenerator:
    """A problem made ready for placing its steps again and again.

    ``lanes`` is None where steps hold different amounts.
    """

    problem: Problem
    lanes: Lanes | None

    @classmethod
    def of(cls, problem: Problem) -> ScheduleGenerator:
        """Find out whether its fleet is one of lanes."""
        return cls(problem, lanes_of(problem))

    @property
    def kinds(self) -> int:
        """How many places a step can be assigned to: classes of lanes, or providers."""
        return self.problem.providers if self.lanes is None else len(self.lanes.count)

    def kinds_of(self, provider: Integers) -> Integers:
        """Return to which place each of those providers belongs; int32[n]."""
        if self.lanes is None:
            return provider
        kind = np.full(self.problem.providers, -1, np.int32)
        kind[self.lanes.provider] = self.lanes.kind
        return kind[provider]

    def place(self, order: Integers, assigned: Integers | None = None) -> Schedule:
        """Place the steps in that order; ``assigned`` is int32[n], a kind or -1."""
        problem, count = self.problem, self.problem.steps
        where, start, end = np.empty(count, np.int32), np.empty(count), np.empty(count)
        fixed = np.full(count, -1, np.int32) if assigned is None else assigned
        needs_start, needs, release = problem.needs_start, problem.needs, np.zeros(count)
        if self.lanes is None:
            construction.on_vectors(
                order, needs_start, needs, problem.seconds, problem.demand, problem.capacity,
                fixed, release, PIECES, where, start, end,
            )  # fmt: skip
            return Schedule(where, start, end)
        lanes = self.lanes
        free_at = np.zeros(len(lanes.provider))
        construction.on_lanes(
            order, needs_start, needs, lanes.seconds, lanes.count, lanes.first,
            fixed, release, free_at, GAPS, where, start, end,
        )  # fmt: skip
        return Schedule(lanes.provider[where], start, end)


def construct(problem: Problem) -> Schedule:
    """Return a first plan of ``problem``, never worse than what happens without one."""
    ranked = ScheduleGenerator.of(problem).place(by_rank(problem))
    return min(ranked, greedy(problem), key=lambda schedule: schedule.makespan)


def by_rank(problem: Problem) -> Integers:
    """Return the steps, most urgent first: the longest way to the end by mean duration.

    No step comes before what it needs. This is also the order to dispatch by: under noise it lost
    least of those tried, while the starts of a tight plan depend on each other by chance.
    """
    mean = mean_seconds(problem)
    rank = mean + bound.longest_after(problem.followers_start, problem.followers, mean)
    # Stable: of equal ranks, which zero durations bring about, the topological order decides.
    return np.argsort(-rank, kind="stable").astype(np.int32)


def mean_seconds(problem: Problem) -> Floats:
    """Return how long each step takes on average over the providers that hold it."""
    able = np.isfinite(problem.seconds)
    total = np.sum(problem.seconds, axis=1, where=able)
    return np.asarray(total / able.sum(axis=1), np.float64)
