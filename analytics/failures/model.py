"""The failure model: the probability that a run fails, computed before it starts.

A forest gives the share of failures among similar runs. Its leaves learn from every run that ends,
so it stays current between two growths. A logistic regression on that share and on the recent
failures of similar runs (stacking, Wolpert 1992), fitted to the latest outcomes, turns it into a
probability. Runs that were cancelled or lost are neither failures nor successes.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from analytics.failures.features import failure_features
from analytics.history.columns import CENSORED
from analytics.history.features import RunFeatures, compute_features, moments
from analytics.statistics.forest import Floats, Forest, Ints, Matrix
from analytics.statistics.online_forest import OnlineForest, shares_of
from analytics.statistics.stacking import Stacking, logit, probability

_SHARE_FACTS = ("share of failures", "late share of failures")
_STREAK_FACT = "streak"


@dataclass(frozen=True)
class Failures:
    """The probability of failure of each run of ``table``; NaN where there is no forecast.

    ``table`` is the history in the order in which the runs started, and ``place`` the position of
    each row in the original history. ``failed`` is 1, 0, or NaN for censored runs;
    ``features`` are (runs, features) with ``names``, ``forest`` and ``weights`` the last ones.
    """

    table: pd.DataFrame
    place: Ints
    probability: Floats
    failed: Floats
    features: Matrix
    names: tuple[str, ...]
    stacked: Floats
    forest: Forest | None
    leaves: Floats
    weights: Floats

    @cached_property
    def usual(self) -> Matrix:
        """The median of every feature over the history."""
        return pd.DataFrame(self.features).median().to_numpy(np.float32)

    def of(self, row: int) -> float:
        """Return the probability of row ``row`` of the original history."""
        return float(self.probability[self._run_of[row]])

    @cached_property
    def _run_of(self) -> Ints:
        """Return the row in ``table`` of each row of the original history."""
        return np.argsort(self.place, kind="stable")

    def would_be(self, run: int, features: Matrix) -> Floats:
        """Return the probabilities of ``features``, which are variations of the run's own."""
        if self.forest is None:
            return np.full(len(features), np.nan)
        shares = shares_of(self.leaves, self.forest.leaves(features))
        rows = np.tile(self.stacked[run], (len(features), 1))
        return probability(np.column_stack([logit(shares), rows]), self.weights)


def at_start(table: pd.DataFrame) -> pd.DataFrame:
    """Return a history with every run submitted at its start, when its failure is forecast.

    By then the run's waiting time is known, and more runs have ended. The index is kept.
    """
    started = table["started_at"].fillna(table["submitted_at"])
    asked_at = np.maximum(started, table["submitted_at"])
    waited = asked_at - table["submitted_at"]
    seen_at_start = table.assign(submitted_at=asked_at, known_waited_seconds=waited)
    return seen_at_start.sort_values("submitted_at", kind="stable")


def predict_failures(history: pd.DataFrame) -> Failures:
    """Return the probability of failure of every run from what had ended when it started."""
    history_at_start = at_start(history)
    table = history_at_start.reset_index(drop=True)
    failed = np.where(table["state"] == "succeeded", 0.0, 1.0)
    failed[(table["state"].isin(CENSORED) | table["ended_at"].isna()).to_numpy()] = np.nan
    run_features = compute_features(table)
    features, names, stacked = _assembled(table, failed, run_features)
    forest = OnlineForest(features, failed)
    stacking = Stacking(stacked, failed)
    probabilities = np.full(len(table), np.nan)
    submitted, ended = table["submitted_at"].to_numpy(float), table["ended_at"].to_numpy(float)
    for run, is_end in moments(submitted, ended):
        if not is_end:
            if (share := forest.share(run)) is not None:
                probabilities[run] = stacking.predict(run, share)
        elif not np.isnan(failed[run]):
            forest.ended(run)
            stacking.ended(run)
    place = history_at_start.index.to_numpy(np.int64)
    return Failures(
        table, place, probabilities, failed, features, names, stacked, forest.forest, forest.counts,
        stacking.weights,
    )  # fmt: skip


def _assembled(
    table: pd.DataFrame, failed: Floats, run_features: RunFeatures
) -> tuple[Matrix, tuple[str, ...], Floats]:
    """Return all features, their names, and the few that the logistic regression reads."""
    failure_facts, fact_names = failure_features(table, failed, run_features)
    streaks = [
        place for place, name in enumerate(fact_names) if name.split(" of ")[0] == _STREAK_FACT
    ]
    shares = [place for place, name in enumerate(fact_names) if name.startswith(_SHARE_FACTS)]
    stacked = np.column_stack(
        [
            logit(failure_facts[:, shares]),
            np.clip(failure_facts[:, streaks], -5, 5) / 5,
            np.ones(len(table)),
        ]
    )
    features = np.column_stack([run_features.matrix, failure_facts]).astype(np.float32)
    return features, (*run_features.names, *fact_names), stacked
