"""The free capacity of a provider as a step function of time, for admission."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field
from math import inf

from blocks.providers.interface import Resources

# Sums of fractional CPUs have rounding errors.
TOLERANCE = 1e-6

Vector = tuple[float, float, float]


def vector(resources: Resources) -> Vector:
    """Return the components of ``resources`` as numbers, which are faster to add up."""
    return (resources.cpus, float(resources.memory_mib), float(resources.slots))


def fits(free: Vector, demand: Vector) -> bool:
    """Tell whether ``demand`` fits; a component without a demand may be overdrawn."""
    return all(
        demanded <= 0 or demanded <= available + TOLERANCE
        for available, demanded in zip(free, demand, strict=True)
    )


@dataclass
class ReservationTimeline:
    """Free capacity from ``now`` on: ``levels[i]`` from ``times[i]`` until the next time."""

    capacity: Resources
    now: float
    times: list[float] = field(init=False)
    levels: list[Vector] = field(init=False)

    def __post_init__(self) -> None:
        self.times = [self.now]
        self.levels = [vector(self.capacity)]

    def take(self, demand: Resources, start: float, end: float) -> None:
        """Take ``demand`` away from ``start`` to ``end``; ``end`` may be infinite."""
        demanded = vector(demand)
        first, last = self._cut(max(start, self.now)), self._cut(end)
        for index in range(first, last):
            cpus, memory, slots = self.levels[index]
            self.levels[index] = (cpus - demanded[0], memory - demanded[1], slots - demanded[2])

    def earliest(self, demand: Resources, seconds: float) -> float:
        """Return the earliest time at which ``demand`` fits for ``seconds``; infinite if never."""
        demanded = vector(demand)
        start: float | None = None
        for index, level in enumerate(self.levels):
            if not fits(level, demanded):
                start = None
                continue
            start = self.times[index] if start is None else start
            if self._end(index) - start >= seconds:
                return start
        return inf

    def _end(self, index: int) -> float:
        return self.times[index + 1] if index + 1 < len(self.times) else inf

    def _cut(self, at: float) -> int:
        """Begin a level at ``at``, and return its index."""
        if at == inf:
            return len(self.times)
        index = bisect_right(self.times, at) - 1
        if index < 0 or self.times[index] == at:
            return max(index, 0)
        self.times.insert(index + 1, at)
        self.levels.insert(index + 1, self.levels[index])
        return index + 1
