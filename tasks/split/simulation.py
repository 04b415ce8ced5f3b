"""The simulation of shards on lanes of unequal speed, with durations drawn from estimates.

A module of its own because it imports numpy, which callers without a simulation do not need.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_SEED = 20_260
_MIN_SAMPLES = 8
_MAX_SAMPLES = 64
# The number of durations that are drawn in all, at most.
_MAX_NUMBERS = 400_000
# The 90 % quantile of the standard normal distribution.
_Z90 = 1.2816
# The largest sigma of a duration.
_WIDEST = 1.5


def draw(p50: Sequence[float], p90: Sequence[float]) -> Floats:
    """Return durations in seconds, one row a sample and one column an entry of ``p50``.

    Each is log-normal with these quantiles, and independent; the same every time. Where none of
    them varies, there is one row.
    """
    median, late = np.asarray(p50, dtype=float), np.asarray(p90, dtype=float)
    varies = (median > 0) & (late > median)
    sigma = np.zeros(len(median))
    sigma[varies] = np.log(late[varies] / median[varies]) / _Z90
    if not varies.any():
        return median[np.newaxis, :]
    rows = max(_MIN_SAMPLES, min(_MAX_SAMPLES, _MAX_NUMBERS // len(median)))
    normal = np.random.default_rng(_SEED).standard_normal((rows, len(median)))
    durations: Floats = median * np.exp(np.minimum(sigma, _WIDEST) * normal)
    return durations


def loads(bins: Sequence[Sequence[int]], items: Floats) -> Floats:
    """Return the total durations of the items (numbers of columns) of each bin: a column a bin."""
    members = np.concatenate([np.asarray(bin_items, dtype=np.intp) for bin_items in bins])
    starts = np.cumsum([0, *(len(bin_items) for bin_items in bins[:-1])])
    sums: Floats = np.add.reduceat(items[:, members], starts, axis=1)
    return sums


def makespans(expected: Sequence[float], actual: Floats, speeds: Sequence[float]) -> Floats:
    """Return when the last shard ends, by sample; ``actual`` has a column a shard.

    Longest first, each goes to the lane on which it is expected to end first, given when the
    lanes are really free: the rule by which steps are dispatched.
    """
    speed = np.asarray(speeds, dtype=float)
    free = np.zeros((len(actual), len(speed)))
    rows = np.arange(len(actual))
    for shard in np.argsort(-np.asarray(expected), kind="stable"):
        lane = np.argmin(free + expected[shard] / speed, axis=1)
        free[rows, lane] += actual[:, shard] / speed[lane]
    last: Floats = free.max(axis=1)
    return last
