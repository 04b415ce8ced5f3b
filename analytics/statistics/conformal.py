"""Calibrated prediction intervals: adaptive conformal prediction on a sliding window.

The calibrated quantity is the quantile of the actual value in its forecast distribution (its
probability integral transform), as in distributional conformal prediction (Chernozhukov et al.
2021). The levels move with the misses, as in adaptive conformal inference (Gibbs and Candes 2021),
so that coverage holds even if the future differs from the past.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import deque

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

# The ends of two-sided 90 and 80 % intervals, the median, and the upper bounds for planning.
LEVELS = np.array([0.05, 0.1, 0.5, 0.8, 0.9, 0.95])
WINDOW_RUNS = 400
LEARNING_RATE = 0.004
# The quantiles that are used before anything is known. They are further out than ``LEVELS``, as a
# distribution whose width was estimated from few runs is too narrow: hence Student's t.
START_QUANTILES = np.array([0.025, 0.06, 0.5, 0.86, 0.94, 0.975])
MAX_DEBT = 0.5
_PRIOR_RUNS = 20


class ConformalCalibrator:
    """Learns which quantiles of a forecast distribution have the coverages ``LEVELS``."""

    def __init__(self) -> None:
        self._recent: deque[float] = deque()
        self._ordered: list[float] = []
        self._levels = LEVELS.copy()

    def quantiles(self) -> Floats:
        """Return the quantile of a forecast distribution for each of ``LEVELS``, in their order."""
        n = len(self._ordered)
        if not n:
            return START_QUANTILES.copy()
        rank = np.clip(np.ceil((n + 1) * self._levels), 1, n).astype(int) - 1
        calibrated = np.array([self._ordered[index] for index in rank])
        trust = n / (n + _PRIOR_RUNS)
        return np.maximum.accumulate(trust * calibrated + (1 - trust) * START_QUANTILES)

    def update(self, place: float, below: npt.NDArray[np.bool_]) -> None:
        """Learn from the quantile ``place`` of an actual value; ``below`` marks bounds above it."""
        if len(self._recent) == WINDOW_RUNS:
            del self._ordered[bisect_left(self._ordered, self._recent.popleft())]
        self._recent.append(place)
        insort(self._ordered, place)
        # Levels beyond 0 and 1 record misses that are not yet compensated, up to a limit.
        self._levels = np.clip(
            self._levels + LEARNING_RATE * (LEVELS - below), -MAX_DEBT, 1.0 + MAX_DEBT
        )
