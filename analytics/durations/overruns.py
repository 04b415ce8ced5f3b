"""How far past their time limit runs end, learnt online from the runs that reached it.

A limit is seldom kept to the second: some systems end a run at it, some minutes later, some never.
The latest runs that reached their limit give the distribution of what lies beyond it: a threshold
with the distribution of the excesses (Davison and Smith 1990), here the empirical one.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import deque
from math import isfinite

from analytics.statistics.forest import bin_of

WINDOW_RUNS = 400
# The excesses that are assumed before any run has reached its limit: most end at once.
START_EXCESSES = (0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.01, 0.02, 0.05, 0.1)


class Overruns:
    """The excesses of the latest runs that reached their limit: logarithms of duration over limit.

    ``excesses`` are in ascending order.
    """

    def __init__(self) -> None:
        self._recent: deque[float] = deque(START_EXCESSES)
        self.excesses: tuple[float, ...] = START_EXCESSES

    def update(self, limit: float, actual: float) -> None:
        """Learn from a run's duration and limit (logarithms), if it came as far as its limit's bin."""
        if not isfinite(limit) or bin_of(actual) < bin_of(limit):
            return
        ordered = [*self.excesses]
        if len(self._recent) == WINDOW_RUNS:
            del ordered[bisect_left(ordered, self._recent.popleft())]
        self._recent.append(actual - limit)
        insort(ordered, actual - limit)
        self.excesses = tuple(ordered)
