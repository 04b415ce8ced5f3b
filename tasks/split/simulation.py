"""Plays shards through on lanes of unequal speed, with durations drawn from their estimates.

A module of its own because it imports numpy: whoever needs no simulation does not wait for it.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_SEED = 20_260
_FEWEST, _MOST, _NUMBERS = 8, 64, 400_000
# The 90 % quantile of the standard normal distribution.
_Z90 = 1.2816
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
    rows = max(_FEWEST, min(_MOST, _NUMBERS // len(median)))
    normal = np.random.default_rng(_SEED).standard_normal((rows, len(median)))
    drawn: Floats = median * np.exp(np.minimum(sigma, _WIDEST) * normal)
    return drawn


def loads(bins: Sequence[Sequence[int]], items: Floats) -> Floats:
    """Return what the items (numbers of columns) of each bin take together: a column a bin."""
    members = np.concatenate([np.asarray(each, dtype=np.intp) for each in bins])
    starts = np.cumsum([0, *(len(each) for each in bins[:-1])])
    together: Floats = np.add.reduceat(items[:, members], starts, axis=1)
    return together


def makespans(expected: Sequence[float], actual: Floats, speeds: Sequence[float]) -> Floats:
    """Return when the last shard ends, by sample; ``actual`` has a column a shard.

    Longest first, each goes where by its expected duration it ends first, seen from when the
    lanes are in fact free: the rule by which steps are dispatched.
    """
    speed = np.asarray(speeds, dtype=float)
    free = np.zeros((len(actual), len(speed)))
    rows = np.arange(len(actual))
    for shard in np.argsort(-np.asarray(expected), kind="stable"):
        lane = np.argmin(free + expected[shard] / speed, axis=1)
        free[rows, lane] += actual[:, shard] / speed[lane]
    last: Floats = free.max(axis=1)
    return last
