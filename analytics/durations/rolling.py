"""Rolling-origin forecasts: every run of a history, forecast from what had ended by then only.

A run is forecast at its submission, by a forest grown from runs that had ended before, and by an
ensemble that has learnt from the runs that had ended by then. So nothing of the future leaks in.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from analytics.durations.blend import Blend, Prediction, RunContext
from analytics.durations.scores import STABLE_RUNS, STABLE_SPREAD
from analytics.history.columns import LIMIT
from analytics.history.features import Floats, Ints, RunFeatures, compute_features, logs, moments
from analytics.history.run_context import groups
from analytics.statistics.averages import Mask
from analytics.statistics.conformal import LEVELS
from analytics.statistics.forest import BINS, LEAF_RUNS, Forest, Matrix, binned, grow

# The first forest is grown at 50 runs, the next ones after half as many again, but after 12,000 at
# the latest. Each is grown from the newest 16,000: older runs cost time and add little.
FIRST_RUNS = 50
GROWTH_FACTOR = 1.5
MAX_NEW_RUNS = 12_000
MAX_RUNS = 16_000
BLOCK_RUNS = 512
# A new key is forecast from other keys, once so many keys were new before it: by then the forest
# has learnt from runs of new keys.
ENOUGH_NEW_KEYS = 50
NEAR_LEVELS = ("finest", "fine", "key", "name")
# A few runs underestimate the spread, so two runs of a large spread (in logarithms) are added.
_DOUBT_SPREAD = 0.7
_DOUBT_RUNS = 2.0
_RUN_LIMITS = np.array([1, 2, 3, 5, 10, 20])
_SPREAD_LIMITS = np.array([0.02, 0.1, 0.3, 0.8])


@dataclass(frozen=True, slots=True)
class Forecasts:
    """The forecast of each run of ``table``, in the unit of ``target``; NaN where there is none.

    ``bounds`` is (runs, 6), one column for each of ``intervals.LEVELS``; ``rule`` the index in
    ``rules`` of the candidate that gave the point, -1 where there is no forecast. ``forest`` is the
    last forest; None for a history too short for one.
    """

    table: pd.DataFrame
    target: str
    point: Floats
    bounds: Floats
    rule: Ints
    rules: tuple[str, ...]
    run_features: RunFeatures
    forest: Forest | None


def forecast(
    table: pd.DataFrame,
    target: str = "seconds",
    features: RunFeatures | None = None,
    *,
    last_row: int = 0,
    last_forest: Forest | None = None,
) -> Forecasts:
    """Forecast ``target`` of every run of a history from what had ended at its submission.

    From row ``last_row`` on, ``last_forest`` replaces the forests grown on the way.
    """
    features = features or compute_features(table, target)
    actual = logs(table[target])
    trainable = (table["is_trainable"] & table[target].ge(0)).to_numpy()
    limits = _limits(table, target)
    keys = groups(table)["key"]
    contexts_of_runs = [
        RunContext(*numbers)
        for numbers in zip(
            keys.tolist(), contexts(features).tolist(), situations(features).tolist(), strict=True
        )
    ]
    rules, spread = _applicable_rules(features), _expected_spread(features)
    cold_start = ColdStart(features)
    submitted, ended = table["submitted_at"].to_numpy(float), table["ended_at"].to_numpy(float)

    blend = Blend(features.rule_names)
    point, rule = np.full(len(table), np.nan), np.full(len(table), -1)
    bounds = np.full((len(table), len(LEVELS)), np.nan)
    open_predictions: dict[int, Prediction] = {}
    forests = RollingForest(features.matrix, binned(actual))
    for run, is_end in moments(submitted, ended):
        if is_end:
            prediction = open_predictions.pop(run, None)
            if trainable[run]:
                forests.ended(run)
                cold_start.ended(run, int(keys[run]))
                if prediction:
                    blend.update(contexts_of_runs[run], prediction, actual[run])
            continue
        if last_forest and run == last_row:
            forests.replace_forest(last_forest)
        prediction = blend.predict(
            contexts_of_runs[run], rules[run], forests.distribution(run), limits[run], spread[run]
        )
        if prediction:
            open_predictions[run] = prediction
        if prediction and cold_start.can_forecast(run):
            point[run], rule[run], bounds[run] = (
                prediction.point,
                prediction.rule,
                prediction.bounds,
            )
    return Forecasts(
        table, target, np.exp(point), np.exp(bounds), rule, blend.rules, features, forests.forest
    )


class ColdStart:
    """Decides when to abstain: for a run of a new key and name, while few new keys were seen."""

    def __init__(self, features: RunFeatures) -> None:
        near_levels = [
            features.levels.index(level) for level in NEAR_LEVELS if level in features.levels
        ]
        runs = [features.names.index(f"runs of {features.levels[place]}") for place in near_levels]
        self._familiar: Mask = np.any(features.matrix[:, runs] > 0, axis=1)
        self._new_keys: set[int] = set()

    def ended(self, run: int, key: int) -> None:
        """Count a key if it was new when this run was forecast."""
        if not self._familiar[run]:
            self._new_keys.add(key)

    def can_forecast(self, run: int) -> bool:
        """Return whether enough runs have ended for a forecast."""
        return bool(self._familiar[run]) or len(self._new_keys) >= ENOUGH_NEW_KEYS


class RollingForest:
    """The current forest: regrown as the history grows, evaluated for a block of runs at a time."""

    def __init__(
        self, features: Matrix, bins: Ints, classes: int = BINS, leaf: int = LEAF_RUNS
    ) -> None:
        self._features, self._bins = features, bins
        self._classes, self._leaf = classes, leaf
        self._ended: list[int] = []
        self._next = FIRST_RUNS
        self._block, self._first = np.zeros((0, 0), np.float32), 0
        self.forest: Forest | None = None

    def ended(self, run: int) -> None:
        """Count a run that ended; grow a new forest when there are enough new runs."""
        self._ended.append(run)
        if len(self._ended) >= self._next:
            self.grow()
            self._next = min(int(self._next * GROWTH_FACTOR), self._next + MAX_NEW_RUNS)

    def grow(self) -> None:
        """Grow a forest from the newest runs that have ended."""
        rows = np.array(self._ended[-MAX_RUNS:])
        self.forest = grow(self._features[rows], self._bins[rows], self._classes, self._leaf)
        self._block = self._block[:0]

    def replace_forest(self, forest: Forest) -> None:
        """Use this forest from now on."""
        self.forest, self._block = forest, self._block[:0]

    def distribution(self, run: int) -> Matrix | None:
        """Return the distribution of one run; None as long as there is no forest."""
        if self.forest is None:
            return None
        if not 0 <= run - self._first < len(self._block):
            self._first = run
            self._block = self.forest.distribution(self._features[run : run + BLOCK_RUNS])
        row: Matrix = self._block[run - self._first]
        return row


def contexts(features: RunFeatures) -> Ints:
    """Return the number of each run's context: the level, length and spread of its past."""
    runs = np.digitize(features.runs, _RUN_LIMITS)
    spread = np.digitize(np.nan_to_num(features.spread, nan=np.inf), _SPREAD_LIMITS)
    return ((features.level + 1) * (len(_RUN_LIMITS) + 1) + runs) * (
        len(_SPREAD_LIMITS) + 1
    ) + spread


def situations(features: RunFeatures) -> Ints:
    """Return whether a run's key is unknown (0), little known (1), unsteady (2) or steady (3)."""
    key = features.levels.index("key")
    has_own_past = (features.level >= 0) & (features.level <= key)
    enough = features.runs >= STABLE_RUNS
    steady = np.nan_to_num(features.spread, nan=np.inf) < STABLE_SPREAD
    return np.where(has_own_past, 1 + enough * (1 + steady), 0).astype(np.int64)


def _applicable_rules(features: RunFeatures) -> Floats:
    """Return the rules' values; where the key has a past, those of coarser levels are NaN."""
    key = features.levels.index("key")
    coarse = [
        place
        for place, name in enumerate(features.rule_names)
        if any(name.endswith(f" of {level}") for level in features.levels[key + 1 :])
    ]
    rules = features.rules.copy()
    has_past = features.matrix[:, features.names.index("runs of key")] > 0
    rules[np.ix_(has_past, np.array(coarse, dtype=np.int64))] = np.nan
    return rules


def _expected_spread(features: RunFeatures) -> Floats:
    """Return the expected standard deviation of a run's logarithm, larger for a short past."""
    variance = np.nan_to_num(features.spread, nan=0.0) ** 2
    wide = features.runs * variance + _DOUBT_RUNS * _DOUBT_SPREAD**2
    # The spread of other keys says little about how far this key is from them.
    foreign = np.where(features.level > features.levels.index("key"), _DOUBT_SPREAD**2, 0.0)
    return np.sqrt(wide / (features.runs + _DOUBT_RUNS) + foreign)


def _limits(table: pd.DataFrame, target: str) -> Floats:
    if target != "seconds" or LIMIT not in table:
        return np.full(len(table), np.inf)
    return np.nan_to_num(logs(table[LIMIT]), nan=np.inf)
