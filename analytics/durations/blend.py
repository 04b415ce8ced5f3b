"""An online ensemble of simple rules and a forest, which weighs each by its past accuracy.

The point forecast is the value with the highest expected min/max ratio to the actual one. In
logarithms that ratio is exp(-|difference|), and its mean is highest at a mode, not at a mean.
The candidates are every rule, two values of the forest and the consensus of all. A key takes the
candidate with the best record on that key; a key without a past takes the best in the same
context, or the best of all. So the ensemble comes close to the best rule, whichever that is. The
distribution is a mixture over rules, widths and the forest. Its weights are learnt online from
responsibilities, as in expectation maximisation (Cappe and Moulines 2009).
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

import numpy as np

from analytics.statistics.averages import Averages, Floats, Ints, Mask
from analytics.statistics.forest import BIN_STEP, BINS, GRID, MIN_LOG, Matrix, bin_of, binned
from analytics.statistics.intervals import LEVELS, Calibration

# Half widths of the mixture's components, in logarithms.
FIXED_WIDTHS = (0.02, 0.08, 0.3, 1.0)
# Further half widths, as shares of the spread of a run's past.
SPREAD_SHARES = (0.3, 1.0)
# The weights of these six widths before anything is learnt.
_START_OF_WIDTHS = np.array([0.1, 0.1, 0.1, 0.1, 0.3, 0.3])
# The half widths that a component can have.
WIDTHS = np.geomspace(0.01, 5.0, 40)
FOREST = "forest"
MIDDLE = "middle of the forest"
CONSENSUS = "consensus"
# The density that no component needs to explain, which keeps divisions finite.
_FLOOR = 1e-4
# A bound is the outer edge of its bin, so that a value that recurs lies within its bounds.
_BOUND_OFFSETS = BIN_STEP / 2 * np.sign(LEVELS - 0.5)
# The expected min/max ratios of the simple rules before anything is learnt.
_START_OF_RULES = {"median of 5": 0.6, "median of 20": 0.59, "last run": 0.57, "mean of 2": 0.55}
# A rule with a smaller share adds nothing to the distribution, which saves time.
_MIN_SHARE = 0.004
# exp(-|difference|) between any two bins, by how far they are apart.
_SIMILARITY = np.exp(-BIN_STEP * np.abs(np.arange(1 - BINS, BINS))).astype(np.float32)


@dataclass(frozen=True, slots=True)
class RunContext:
    """The groups that a run belongs to: its key, the context of its past, and its situation.

    Each is the number of a group. Keys and contexts select the rule; the few situations select the
    calibration of the intervals.
    """

    key: int
    context: int
    situation: int


@dataclass(frozen=True, slots=True)
class Prediction:
    """The forecast of one run, and the values from which the blend learns once the run has ended.

    All values are logarithms. ``point`` is of the candidate number ``rule``; ``bounds`` belong to
    ``intervals.LEVELS``; ``cumulative`` is the distribution over the grid.
    """

    point: float
    rule: int
    bounds: Floats
    cumulative: Floats
    candidates: Floats
    shares: Floats
    widths: Floats
    scales: Ints
    forest: Matrix | None


class Blend:
    """The ensemble over the rules named ``rules``; it learns online, from each run that ends."""

    def __init__(self, rules: tuple[str, ...]) -> None:
        self.rules = (*rules, FOREST, MIDDLE, CONSENSUS)
        n = len(rules)
        self._n = n
        # One vector holds all that is learnt: min/max ratios, shares and weights of widths.
        likeness = np.array([_start_of_rule(name) for name in self.rules])
        start = np.concatenate([likeness, np.full(n + 1, 1.0 / (n + 1)), _START_OF_WIDTHS])
        weight = np.where(np.arange(len(start)) < n + 3, 60.0, 30.0)
        self._averages = Averages(start, weight)
        # A key with a long steady past must not get wider intervals because of errors on new keys.
        self._calibrations: defaultdict[int, Calibration] = defaultdict(Calibration)

    def predict(
        self,
        context: RunContext,
        rules: Floats,
        forest: Matrix | None,
        limit: float,
        spread: float,
    ) -> Prediction | None:
        """Forecast one run; return None where neither a rule nor a forest gives a value.

        ``forest`` is the forest's distribution over the grid, ``limit`` the logarithm of the run's
        time limit (infinite where unknown), and ``spread`` the standard deviation of the
        logarithms of similar runs.
        """
        if forest is None and not np.isfinite(rules).any():
            return None
        likeness, shares, widths = self._split(self._averages.predict(context.key, context.context))
        widths = widths / widths.sum()
        candidates = self._candidates(np.minimum(rules, limit), shares, forest, limit)
        density_shares = shares * np.append(np.isfinite(rules), forest is not None)
        density_shares /= density_shares.sum()
        scales = _width_indices(spread)
        laplace = widths @ _LAPLACE[scales]
        cumulative = _mixture_cumulative(candidates[: self._n], density_shares, laplace, forest)
        judged = np.where(np.isfinite(candidates), likeness, -1.0)
        best = int(judged.argmax())
        places = np.searchsorted(cumulative, self._calibrations[context.situation].quantiles())
        bounds = np.minimum(GRID[np.minimum(places, BINS - 1)] + _BOUND_OFFSETS, limit)
        return Prediction(
            float(candidates[best]), best, bounds, cumulative, candidates, density_shares,
            widths, scales, forest,
        )  # fmt: skip

    def update(self, context: RunContext, prediction: Prediction, actual: float) -> None:
        """Learn from ``actual``, the logarithm of the run's duration."""
        is_known = np.isfinite(prediction.candidates)
        likeness = np.exp(-np.abs(prediction.candidates - actual))
        parts = self._responsibilities(prediction, actual)
        self._averages.update(
            context.key,
            context.context,
            np.concatenate([likeness, *parts[:2]]),
            np.concatenate([is_known, *parts[2:]]),
        )
        low, high = _cumulative_at(prediction.cumulative, actual)
        place = low + (high - low) * _fraction_of_bin(actual)
        self._calibrations[context.situation].update(place, actual <= prediction.bounds)

    def _split(self, values: Floats) -> tuple[Floats, Floats, Floats]:
        likeness, shares = self._n + 3, 2 * self._n + 4
        return values[:likeness], values[likeness:shares], values[shares:]

    def _responsibilities(
        self, prediction: Prediction, actual: float
    ) -> tuple[Floats, Floats, Mask, Mask]:
        """Return the responsibility of each component and width for a run, and which had any."""
        distances = np.abs(prediction.candidates[: self._n] - actual)
        widths = WIDTHS[prediction.scales]
        densities = np.exp(-distances[:, None] / widths) / (2 * widths)
        densities = np.where(np.isfinite(densities), densities, 0.0)
        explained_by = prediction.shares[:-1, None] * prediction.widths * densities
        at = bin_of(actual)
        forest = (
            0.0
            if prediction.forest is None
            else float(prediction.forest[max(0, at - 1) : at + 2].sum())
        )
        forest_share = prediction.shares[-1] * forest / (3 * BIN_STEP)
        explained = float(explained_by.sum())
        total = explained + forest_share + _FLOOR
        is_known: Mask = np.append(
            np.isfinite(prediction.candidates[: self._n]), prediction.forest is not None
        )
        by_width = explained_by.sum(axis=0) / max(explained, _FLOOR)
        is_explained = np.full(len(widths), explained > _FLOOR)
        return (
            np.append(explained_by.sum(axis=1), forest_share) / total,
            by_width,
            is_known,
            is_explained,
        )

    def _candidates(
        self, rules: Floats, shares: Floats, forest: Matrix | None, limit: float
    ) -> Floats:
        is_known = np.isfinite(rules)
        values, weights = rules[is_known], shares[:-1][is_known]
        mode = middle = np.nan
        if forest is not None:
            likeness = np.convolve(forest, _SIMILARITY, mode="valid")
            mode = min(float(GRID[likeness.argmax()]), limit)
            middle = min(float(GRID[np.searchsorted(np.cumsum(forest), 0.5)]), limit)
            values, weights = np.append(values, mode), np.append(weights, 0.0)
        expected = np.exp(-np.abs(values[:, None] - values)) @ weights
        if forest is not None:
            expected += shares[-1] * likeness[binned(values)]
        return np.append(rules, [mode, middle, values[expected.argmax()]])


def _start_of_rule(rule: str) -> float:
    """Return the min/max ratio assumed of a rule before anything is learnt."""
    if rule in {FOREST, MIDDLE, CONSENSUS}:
        return 0.5
    plain, is_of_key, _ = rule.partition(" of key")
    return _START_OF_RULES[plain] if is_of_key else 0.5


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


def _width_indices(spread: float) -> Ints:
    """Return the indices in WIDTHS of the fixed widths and of the shares of ``spread``."""
    half_widths = np.array([*FIXED_WIDTHS, *(share * spread for share in SPREAD_SHARES)])
    return np.minimum(np.searchsorted(WIDTHS, half_widths), len(WIDTHS) - 1)


def _mixture_cumulative(
    values: Floats, shares: Floats, laplace: Floats, forest: Matrix | None
) -> Floats:
    """Return the mixture's distribution function at the upper end of each bin."""
    # The narrowest width is below a bin, so a component is centred in the middle of its bin.
    bins = np.clip(np.round((values - MIN_LOG) / BIN_STEP), 0, BINS - 1)
    cumulative = np.zeros(BINS)
    for place in np.flatnonzero(shares[:-1] > _MIN_SHARE):
        start = BINS - int(bins[place])
        cumulative += shares[place] * laplace[start : start + BINS]
    if forest is not None:
        cumulative += shares[-1] * np.cumsum(forest)
    return cumulative / cumulative[-1] if cumulative[-1] else cumulative


def _cumulative_at(cumulative: Floats, actual: float) -> tuple[float, float]:
    at = bin_of(actual)
    return (float(cumulative[at - 1]) if at else 0.0), float(cumulative[at])


def _fraction_of_bin(actual: float) -> float:
    """Return the position of a value within its bin, from 0 to 1."""
    return min(max((actual - MIN_LOG) / BIN_STEP + 0.5, 0.0), float(BINS)) % 1.0
