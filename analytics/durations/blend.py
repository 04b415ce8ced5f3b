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

from analytics.durations.distribution import WIDTHS, Distribution, mixture, width_indices
from analytics.durations.overruns import Overruns
from analytics.statistics.averages import Averages, Floats, Ints, Mask
from analytics.statistics.conformal import LEVELS, ConformalCalibrator
from analytics.statistics.forest import BIN_STEP, BINS, GRID, Matrix, bin_of, binned

# The weights of the six widths of a mixture before anything is learnt.
_START_OF_WIDTHS = np.array([0.1, 0.1, 0.1, 0.1, 0.3, 0.3])
# Bounds above the median lie at the upper end of their bin, the others at the lower.
_OUTWARDS = np.sign(LEVELS - 0.5)
FOREST = "forest"
MIDDLE = "middle of the forest"
CONSENSUS = "consensus"
# The density that no component needs to explain, which keeps divisions finite.
_FLOOR = 1e-4
# The expected min/max ratios of the simple rules before anything is learnt.
_START_OF_RULES = {"median of 5": 0.6, "median of 20": 0.59, "last run": 0.57, "mean of 2": 0.55}
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
    ``intervals.LEVELS``; ``distribution`` is what they are quantiles of.
    """

    point: float
    rule: int
    bounds: Floats
    distribution: Distribution
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
        self._calibrations: defaultdict[int, ConformalCalibrator] = defaultdict(ConformalCalibrator)
        self._overruns = Overruns()

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
        scales = width_indices(spread)
        cumulative = mixture(candidates[: self._n], density_shares, widths, scales, forest)
        distribution = Distribution(cumulative, limit, self._overruns.excesses)
        judged = np.where(np.isfinite(candidates), likeness, -1.0)
        best = int(judged.argmax())
        levels = self._calibrations[context.situation].quantiles()
        bounds = distribution.quantiles(levels, _OUTWARDS)
        return Prediction(
            float(candidates[best]), best, bounds, distribution, candidates, density_shares,
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
        self._overruns.update(prediction.distribution.limit, actual)
        below = np.where(_OUTWARDS >= 0, actual <= prediction.bounds, actual < prediction.bounds)
        place = prediction.distribution.place(actual)
        self._calibrations[context.situation].update(place, below)

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
