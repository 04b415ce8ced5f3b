"""The forecast distribution of one run: a mixture on a grid of logarithms, with a tail at its limit.

All values are logarithms. What the mixture holds from the bin of the run's time limit on is
distributed like the excesses of earlier runs over their limits (see ``overruns``).
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from math import ceil, isfinite

import numpy as np

from analytics.statistics.averages import Floats, Ints
from analytics.statistics.forest import BIN_STEP, BINS, GRID, MIN_LOG, Matrix, bin_of

# Half widths of the mixture's components, in logarithms.
FIXED_WIDTHS = (0.02, 0.08, 0.3, 1.0)
# Further half widths, as shares of the spread of a run's past.
SPREAD_SHARES = (0.3, 1.0)
# The half widths that a component can have.
WIDTHS = np.geomspace(0.01, 5.0, 40)
# A rule with a smaller share adds nothing to the distribution, which saves time.
_MIN_SHARE = 0.004
# A bound must not fall below a value that recurs because both were rounded.
_ROUNDING = 1e-9
_DISTANCES = BIN_STEP * np.arange(-BINS, BINS)
# The Laplace distribution function of each width at every distance on the grid.
_LAPLACE = np.array(
    [
        np.where(
            _DISTANCES < 0,
            0.5 * np.exp(np.minimum(_DISTANCES, 0) / width),
            1 - 0.5 * np.exp(-np.maximum(_DISTANCES, 0) / width),
        )
        for width in WIDTHS
    ]
)


@dataclass(frozen=True, slots=True)
class Distribution:
    """A distribution over the grid, and over the ``excesses`` from the bin of ``limit`` on.

    ``cumulative`` is the distribution function at the upper end of each bin; ``limit`` is infinite
    where unknown, and ``excesses`` are in ascending order.
    """

    cumulative: Floats
    limit: float
    excesses: tuple[float, ...]

    def quantiles(self, levels: Floats, outwards: Floats) -> Floats:
        """Return the value below which each of ``levels`` lies, which are in ascending order.

        Each is at the end of its bin: the upper one where ``outwards`` is positive, else the lower.
        So a value that recurs lies within its bounds.
        """
        places = np.searchsorted(self.cumulative, levels)
        values = GRID[np.minimum(places, BINS - 1)] + BIN_STEP / 2 * outwards
        first = self._limit_bin
        for at in range(int(np.searchsorted(places, first)), len(places)):
            value = self.limit + self._excess(float(levels[at]))
            # An excess may be negative by less than a bin.
            values[at] = max(value, GRID[first] - BIN_STEP / 2) + _ROUNDING * outwards[at]
        return values

    def place(self, actual: float) -> float:
        """Return the probability of a value of at most ``actual``, interpolated within its bin."""
        at = bin_of(actual)
        below = self._up_to(at)
        if at < self._limit_bin:
            return below + (self._up_to(at + 1) - below) * _fraction_of_bin(at, actual)
        below, excess = self._up_to(self._limit_bin), actual - self.limit
        ranks = bisect_left(self.excesses, excess) + bisect_right(self.excesses, excess)
        return below + (1.0 - below) * ranks / (2 * len(self.excesses))

    @property
    def _limit_bin(self) -> int:
        return bin_of(self.limit) if isfinite(self.limit) else BINS

    def _up_to(self, place: int) -> float:
        """Return the probability of all bins before ``place``."""
        return float(self.cumulative[place - 1]) if place else 0.0

    def _excess(self, level: float) -> float:
        """Return the excess over the limit at a level of the whole distribution."""
        below, n = self._up_to(self._limit_bin), len(self.excesses)
        share = (level - below) / (1.0 - below) if below < 1 else 1.0
        return self.excesses[min(max(ceil((n + 1) * share), 1), n) - 1]


def width_indices(spread: float) -> Ints:
    """Return the indices in WIDTHS of the fixed widths and of the shares of ``spread``."""
    half_widths = np.array([*FIXED_WIDTHS, *(share * spread for share in SPREAD_SHARES)])
    return np.minimum(np.searchsorted(WIDTHS, half_widths), len(WIDTHS) - 1)


def mixture(
    values: Floats, shares: Floats, widths: Floats, scales: Ints, forest: Matrix | None
) -> Floats:
    """Return the mixture's distribution function at the upper end of each bin.

    ``shares`` are those of each of ``values`` and of the forest; ``widths`` the weights of the
    half widths with the indices ``scales``.
    """
    laplace = widths @ _LAPLACE[scales]
    # The narrowest width is below a bin, so a component is centred in the middle of its bin.
    bins = np.clip(np.round((values - MIN_LOG) / BIN_STEP), 0, BINS - 1)
    cumulative = np.zeros(BINS)
    for place in np.flatnonzero(shares[:-1] > _MIN_SHARE):
        start = BINS - int(bins[place])
        cumulative += shares[place] * laplace[start : start + BINS]
    if forest is not None:
        cumulative += shares[-1] * np.cumsum(forest)
    return cumulative / cumulative[-1] if cumulative[-1] else cumulative


def _fraction_of_bin(place: int, actual: float) -> float:
    """Return the position of a value within the bin at ``place``, from 0 to 1."""
    return min(max((actual - float(GRID[place])) / BIN_STEP + 0.5, 0.0), 1.0)
