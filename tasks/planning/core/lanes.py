"""A fleet as lanes, each for one step at a time, where all steps demand the same; pure.

Most workloads are like that (one slot a step). On lanes, only time has to be accounted for, and
identical providers form one class of lanes: planning is some ten times faster.
"""

from __future__ import annotations

from dataclasses import dataclass
from heapq import heapify, heapreplace

import numpy as np

from tasks.planning.core.problem import Floats, Integers, Problem
from tasks.planning.core.schedule import Schedule


@dataclass(frozen=True, slots=True, eq=False)
class Lanes:
    """``c`` classes of providers on which every step takes equally long, ``w`` lanes in all.

    Attributes:
        count: int32[c], the number of lanes of each class; at least one.
        seconds: float64[n, c], as in ``Problem``.
        provider: int32[w], the provider of each lane; the lanes of a class are neighbours.
        kind: int32[w], the class of each lane.
    """

    count: Integers
    seconds: Floats
    provider: Integers
    kind: Integers

    @property
    def first(self) -> Integers:
        """The first lane of each class; int32[c]."""
        return (np.cumsum(self.count) - self.count).astype(np.int32)


def lanes_of(problem: Problem) -> Lanes | None:
    """Return the lanes of the fleet; None where steps have different demands that matter."""
    counts = _counts(problem)
    if counts is None:
        return None
    kinds: dict[bytes, list[int]] = {}
    for index in np.flatnonzero(counts):
        column = problem.seconds[:, index].tobytes() + problem.price[index].tobytes()
        kinds.setdefault(column, []).append(int(index))
    members = list(kinds.values())
    providers = [np.repeat(group, counts[group]) for group in members]
    sizes = [len(group) for group in providers]
    return Lanes(
        count=np.array(sizes, np.int32),
        seconds=np.ascontiguousarray(problem.seconds[:, [group[0] for group in members]]),
        provider=np.concatenate(providers).astype(np.int32),
        kind=np.repeat(np.arange(len(sizes)), sizes).astype(np.int32),
    )


def _counts(problem: Problem) -> Integers | None:
    """Return the number of lanes of each provider; int32[p]."""
    demand, capacity = problem.demand, problem.capacity
    alike = (demand == demand[:1]).all(axis=0) & (demand[0] > 0)
    if not alike.any():
        return None
    usable = np.isfinite(problem.seconds).any(axis=0)
    counts = np.floor(capacity[:, alike] / demand[0, alike]).min(axis=1)
    counts = np.minimum(counts, problem.steps) * usable
    for column in np.flatnonzero(~alike):
        # A resource with different demands does not matter where it can never be used up.
        if (counts * demand[:, column].max() > capacity[:, column])[usable].any():
            return None
    return counts.astype(np.int32) if counts.any() else None


def lanes_used(lanes: Lanes, schedule: Schedule) -> Integers:
    """Return a lane of its provider for each step, such that no two overlap; int32[n]."""
    used = np.zeros(len(schedule.start), np.int32)
    free = {
        provider: [(0.0, int(lane)) for lane in np.flatnonzero(lanes.provider == provider)]
        for provider in np.unique(lanes.provider).tolist()
    }
    for heap in free.values():
        heapify(heap)
    for step in schedule.order.tolist():
        heap = free[int(schedule.provider[step])]
        used[step] = heap[0][1]
        heapreplace(heap, (max(heap[0][0], float(schedule.end[step])), heap[0][1]))
    return used
