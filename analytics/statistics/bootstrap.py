"""The percentile bootstrap (Efron 1979): the confidence interval of a figure from few runs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

DRAWS = 500
INTERVAL_SHARE = 0.9
_SEED = 0

Rows = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Gain:
    """A figure and its 90 % confidence interval."""

    expected: float
    low: float
    high: float


def bootstrap(rows: Rows, figure: Callable[[Rows], float]) -> Gain:
    """Compute ``figure`` of the rows, and its interval from rows resampled with replacement.

    Raises:
        ValueError: There is no row.
    """
    if not len(rows):
        raise ValueError("nothing can be said of no runs at all")
    random = np.random.default_rng(_SEED)
    samples = random.integers(0, len(rows), (DRAWS, len(rows)))
    figures = [figure(rows[sample]) for sample in samples]
    low, high = np.quantile(figures, [(1 - INTERVAL_SHARE) / 2, (1 + INTERVAL_SHARE) / 2])
    expected = figure(rows)
    return Gain(expected, min(float(low), expected), max(float(high), expected))
