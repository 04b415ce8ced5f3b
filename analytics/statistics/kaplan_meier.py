"""The Kaplan-Meier estimator of durations, which also counts runs that are still going.

When many runs of a key start together, the first to end are shorter than the rest, so their average
is too low. But the others are known to have lasted at least their age. The product-limit estimator
(Kaplan and Meier 1958) computes quantiles from both.
"""

from __future__ import annotations

from collections import defaultdict, deque
from itertools import islice
from math import log

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

QUANTILES = np.array([0.25, 0.5, 0.75, 0.9])
NAMES = tuple(f"{share:.0%} counting those running" for share in QUANTILES.tolist())
_WINDOW_RUNS = 64
_MIN_RUNS = 3
_MIN_SECONDS = 1e-3
# Quantiles beyond the last run that ended: factors on the longest known duration, as logarithms.
_BEYOND_LOGS = np.log([1.2, 1.6, 2.5, 4.0])


class KaplanMeier:
    """The ended and the going runs of every key; durations as logarithms of seconds."""

    def __init__(self) -> None:
        self._ended: defaultdict[int, deque[float]] = defaultdict(
            lambda: deque(maxlen=_WINDOW_RUNS)
        )
        self._going: defaultdict[int, dict[int, float]] = defaultdict(dict)

    def begin(self, key: int, run: int, started: float) -> None:
        """Count a run that was submitted; NaN for one that never starts."""
        self._going[key][run] = started

    def end(self, key: int, run: int, value: float | None) -> None:
        """Count a run that ended; ``value`` is None where it cannot be trained on."""
        self._going[key].pop(run, None)
        if value is not None:
            self._ended[key].append(value)

    def predict(self, key: int, now: float) -> Floats | None:
        """Return the logarithms of ``QUANTILES``; None where fewer than three have ended."""
        ended = self._ended.get(key)
        if ended is None or len(ended) < _MIN_RUNS:
            return None
        # A dictionary keeps the order of insertion, so the last runs are the newest.
        starts = islice(reversed(self._going[key].values()), _WINDOW_RUNS)
        ages = [log(max(_MIN_SECONDS, now - start)) for start in starts if start < now]
        return quantiles(np.array(ended), np.array(ages))


def quantiles(ended: Floats, ages: Floats) -> Floats:
    """Return ``QUANTILES`` of lifetimes, of which ``ended`` are known and ``ages`` lower bounds.

    Both are logarithms. Quantiles beyond the last known lifetime are extrapolated from the longest.
    """
    value = np.concatenate([ended, ages])
    is_known = np.concatenate([np.ones(len(ended)), np.zeros(len(ages))])
    order = np.lexsort((-is_known, value))
    at_risk = np.arange(len(value), 0, -1)
    passed = 1 - np.cumprod(1 - is_known[order] / at_risk)
    place = np.searchsorted(passed, QUANTILES - 1e-9)
    inside = place < len(value)
    values = value[order][np.minimum(place, len(value) - 1)]
    return np.where(inside, values, value.max() + _BEYOND_LOGS)
