"""Intervals that keep their promise: conformal prediction on a sliding window, which adapts.

What is calibrated is the place of the actual value in its forecast distribution (its probability
integral transform), as in distributional conformal prediction (Chernozhukov et al. 2021). The
level that is asked for moves with the misses, as in adaptive conformal inference (Gibbs and Candes
2021), so that coverage holds where the past and the future differ.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import deque

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

# Two-sided 90 and 80 % intervals, the median, and the upper bounds that planning asks for.
LEVELS = np.array([0.05, 0.1, 0.5, 0.8, 0.9, 0.95])
WINDOW_RUNS = 400
LEARNING_RATE = 0.004
MOST_DEBT = 0.5
_PRIOR_RUNS = 20


class Calibration:
    """Which quantile of a distribution to quote, so that a share ``LEVELS`` lies below it."""

    def __init__(self) -> None:
        self._recent: deque[float] = deque()
        # Until enough was seen the distributions are taken at their word.
        self._ordered: list[float] = []
        self._asked = LEVELS.copy()

    def quantiles(self) -> Floats:
        """Return the place in a forecast distribution for each of ``LEVELS``, in their order."""
        n = len(self._ordered)
        if not n:
            return LEVELS.copy()
        rank = np.clip(np.ceil((n + 1) * self._asked), 1, n).astype(int) - 1
        calibrated = np.array([self._ordered[place] for place in rank])
        trust = n / (n + _PRIOR_RUNS)
        return np.maximum.accumulate(trust * calibrated + (1 - trust) * LEVELS)

    def update(self, place: float, below: npt.NDArray[np.bool_]) -> None:
        """Learn the ``place`` of an actual value, and ``below`` which bounds it stayed."""
        if len(self._recent) == WINDOW_RUNS:
            del self._ordered[bisect_left(self._ordered, self._recent.popleft())]
        self._recent.append(place)
        insort(self._ordered, place)
        # Past 0 and 1 it remembers misses that are still to be made good, within reason.
        self._asked = np.clip(
            self._asked + LEARNING_RATE * (LEVELS - below), -MOST_DEBT, 1.0 + MOST_DEBT
        )
