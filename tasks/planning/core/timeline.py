"""The free capacity of one provider over time, and the earliest gap that holds a demand.

A mutable data structure of planning, placement and admission; it decides nothing itself. Where many
schedules are tried, `kernels.profile` does the same on arrays, which numba can compile.
"""

from __future__ import annotations

from bisect import bisect_right

from blocks.providers.interface import Resources

# Capacity is counted in whole parts, so that fractions of a CPU add up exactly.
_PARTS = 1_000_000

# Less than any free capacity, however much was taken.
_ANY = -(10**18)

Vector = tuple[int, int, int]


def vector(resources: Resources) -> Vector:
    """Return ``resources`` as exact whole numbers."""
    return (round(resources.cpus * _PARTS), resources.memory_mib, resources.slots)


def needed(demand: Vector) -> Vector:
    """Return what must be free for ``demand``: what it has no part of may even be overdrawn."""
    cpus, memory, slots = (part if part > 0 else _ANY for part in demand)
    return (cpus, memory, slots)


class Timeline:
    """Free capacity from ``start`` (seconds) on, piecewise constant; all free at the far end.

    The far end is infinite where something is taken for ever. ``smallest`` is the least that any
    demand needs, component by component: times with less than that free are never searched again.
    """

    def __init__(
        self, capacity: Resources, start: float = 0.0, smallest: Vector = (0, 0, 0)
    ) -> None:
        self._times = [start]
        self._free = [vector(capacity)]
        self._smallest = smallest
        self._first = 0

    def earliest(self, ready: float, seconds: float, demand: Vector) -> float:
        """Return when, from ``ready`` on, ``demand`` is free for ``seconds`` without a break.

        It has to fit into the whole capacity; it is infinite where enough is taken for ever.
        """
        times, free = self._times, self._free
        cpus, memory, slots = demand
        index = max(self._first, bisect_right(times, ready) - 1)
        begin = max(ready, times[index])
        while index < len(times):
            level = free[index]
            if level[0] < cpus or level[1] < memory or level[2] < slots:
                index += 1
                # The last piece fits every admissible demand, so there always is a next one.
                begin = times[index]
            elif index + 1 == len(times) or times[index + 1] >= begin + seconds:
                return begin
            else:
                index += 1
        return begin

    def reserve(self, start: float, end: float, demand: Vector) -> None:
        """Take ``demand`` from ``start`` to ``end``, which may be infinite.

        Free capacity may become negative.
        """
        if end <= start:
            return
        first, last = self._cut(start), self._cut(end)
        for index in range(first, last):
            level = self._free[index]
            self._free[index] = (level[0] - demand[0], level[1] - demand[1], level[2] - demand[2])
        self._skip_full()

    def _cut(self, moment: float) -> int:
        index = bisect_right(self._times, moment) - 1
        if self._times[index] < moment:
            index += 1
            self._times.insert(index, moment)
            self._free.insert(index, self._free[index - 1])
        return index

    def _skip_full(self) -> None:
        while self._first + 1 < len(self._times) and any(
            have < least
            for have, least in zip(self._free[self._first], self._smallest, strict=True)
        ):
            self._first += 1
