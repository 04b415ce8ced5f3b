"""The backtest of a history: its forecasts in hindsight, their accuracy, and the next forecasts.

Every run is forecast at its submission, from the runs that had ended by then (see ``rolling``). So
nothing of the future, and no run that was still going, leaks in.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from analytics.durations.model_selection import COMPARED_RULES, ModelSelection, select_model
from analytics.durations.rolling import Forecasts, forecast
from analytics.durations.scores import auc, brier, min_max_ratio
from analytics.failures.model import Failures, predict_failures
from analytics.failures.skill import base_rate, beats_base_rate
from analytics.history.features import MIN_SECONDS, compute_features
from analytics.history.runs import Run, columns
from analytics.statistics.averages import Floats, Mask
from analytics.statistics.conformal import LEVELS
from analytics.training.model_store import StoredModel
from analytics.training.next_runs import Expected, next_runs, with_next_runs
from analytics.training.promotion import PromotionDecision, decide_promotion
from tasks.estimates import Estimate

NEAR_SHARE = 0.1


@dataclass(frozen=True, slots=True)
class Accuracy:
    """The accuracy of the forecasts of ``points`` runs.

    ``min_max_ratio`` is the mean of min/max of forecast and actual: 1 is perfect. ``error`` is the
    mean absolute error relative to the actual; ``weighted_error`` the sum of errors over the sum of
    actuals. ``within`` is the share of forecasts that were less than a tenth off.
    """

    points: int
    min_max_ratio: float
    error: float
    weighted_error: float
    within: float


@dataclass(frozen=True, slots=True)
class Backtest:
    """The forecasts of a history in hindsight, and those of the next run of each key."""

    forecasts: Forecasts
    failures: Failures
    expected: tuple[Expected, ...]
    selection: ModelSelection
    promotion: PromotionDecision

    @property
    def is_forecast(self) -> Mask:
        """Mask of the runs that succeeded and were forecast from a past of their key."""
        rule = self.forecasts.run_features.rule_names.index(COMPARED_RULES[0])
        had_past = np.isfinite(self.forecasts.run_features.rules[:, rule])
        trainable = self.forecasts.table["is_trainable"].to_numpy(bool)
        return trainable & np.isfinite(self.forecasts.point) & had_past

    @property
    def pairs(self) -> tuple[Floats, Floats]:
        """The forecast and the actual seconds of these runs."""
        actual = self.forecasts.table["seconds"].to_numpy(float)
        return self.forecasts.point[self.is_forecast], actual[self.is_forecast]

    def accuracy(self, forecaster: str = "model") -> Accuracy | None:
        """Return the accuracy of the model, or of one rule; None if nothing was forecast."""
        predicted, actual = self.pairs
        if not len(actual):
            return None
        if forecaster != "model":
            column = self.forecasts.run_features.rule_names.index(forecaster)
            predicted = np.exp(self.forecasts.run_features.rules[self.is_forecast, column])
        return _accuracy(predicted, actual)

    def coverage(self, level: float = 0.9) -> float | None:
        """Return the share of runs that took no longer than their percentile ``level``."""
        bounds = self.forecasts.bounds[self.is_forecast, LEVELS.tolist().index(level)]
        actual = np.maximum(self.pairs[1], MIN_SECONDS)
        return float((actual <= bounds).mean()) if len(actual) else None

    def failure_scores(self) -> tuple[float, float] | None:
        """Return AUC and Brier score of the probabilities of failure; None without both ends."""
        is_scored = np.isfinite(self.failures.probability) & np.isfinite(self.failures.failed)
        probability, failed = self.failures.probability[is_scored], self.failures.failed[is_scored]
        area = auc(probability, failed)
        return None if area is None else (area, brier(probability, failed))

    @property
    def constant_brier(self) -> float | None:
        """The Brier score of the base rate of failures on the same runs."""
        failures = self.failures
        is_scored = np.isfinite(failures.probability) & np.isfinite(failures.failed)
        if not is_scored.any():
            return None
        return brier(base_rate(failures)[is_scored], failures.failed[is_scored])

    @property
    def beats_base_rate(self) -> bool:
        """Whether the failure forecasts are better than the base rate of failures so far."""
        return beats_base_rate(self.failures)

    def estimates(self, kind: str) -> list[Estimate]:
        """Return one estimate for each key that has succeeded on that kind of provider."""
        return [expected.estimate for expected in self.expected if expected.kind == kind]

    @property
    def kinds(self) -> list[str]:
        """The kinds of provider on which any run succeeded."""
        return sorted({expected.kind for expected in self.expected})


def backtest(
    runs: Iterable[Run], now: float | None = None, last: StoredModel | None = None, code: str = ""
) -> Backtest:
    """Forecast every run from the runs that had ended at its submission, and the next of each key.

    ``last`` is the model of the last training, which a new one must beat, and ``code`` the digest
    of the current code.
    """
    ended = columns(runs)
    table = with_next_runs(ended, time.time() if now is None else now)
    features = compute_features(table)
    promotion = decide_promotion(table, features, last, code)
    forecasts = forecast(
        table, features=features, last_row=len(ended), last_forest=promotion.forest
    )
    failures = predict_failures(table)
    selection = select_model(forecasts)
    number = len(table) - len(ended)
    expected = next_runs(forecasts, failures, number, selection)
    return Backtest(forecasts, failures, tuple(expected), selection, promotion)


def _accuracy(predicted: Floats, actual: Floats) -> Accuracy:
    errors = np.abs(predicted - actual)
    relative = errors / np.maximum(actual, MIN_SECONDS)
    return Accuracy(
        points=len(actual),
        min_max_ratio=float(min_max_ratio(predicted, actual).mean()),
        error=float(relative.mean()),
        weighted_error=float(errors.sum() / max(float(actual.sum()), MIN_SECONDS)),
        within=float((relative <= NEAR_SHARE).mean()),
    )
