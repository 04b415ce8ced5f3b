"""Scores of forecasts: min/max ratio, coverage of intervals, AUC and Brier score."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from analytics.history.features import MIN_SECONDS
from analytics.statistics.averages import Floats, Mask
from analytics.statistics.conformal import LEVELS

PARTS = 10
# Classes of duration are separated at 10 s, 1 min, 10 min, 1 h and 6 h.
CLASS_SECONDS = np.array([10.0, 60.0, 600.0, 3600.0, 21_600.0])
NEAR_SHARE = 0.1
STABLE_RUNS = 5
STABLE_SPREAD = 0.1


@dataclass(frozen=True, slots=True)
class Coverage:
    """Shares of runs within a two-sided interval: over all, and over the worst tenth in time.

    ``width`` is the median of its upper over its lower end.
    """

    overall: float
    worst_tenth: float
    width: float


@dataclass(frozen=True, slots=True)
class Stable:
    """Keys with at least five runs and a past standard deviation of logs below a tenth."""

    share: float
    within_tenth: float


def min_max_ratio(predicted: Floats, actual: Floats) -> Floats:
    """Return min/max of each pair; values below a millisecond count as one."""
    low, high = np.maximum(predicted, MIN_SECONDS), np.maximum(actual, MIN_SECONDS)
    return np.minimum(low, high) / np.maximum(low, high)


def in_class(predicted: Floats, actual: Floats) -> Floats:
    """Return 1 where forecast and actual are in the same class of CLASS_SECONDS, else 0."""
    is_same: Mask = np.searchsorted(CLASS_SECONDS, predicted) == np.searchsorted(
        CLASS_SECONDS, actual
    )
    return np.where(is_same, 1.0, 0.0)


def coverage(lower: Floats, upper: Floats, actual: Floats) -> Coverage:
    """Return how many of the runs, in the order of time, lie within their intervals."""
    floored = np.maximum(actual, MIN_SECONDS)
    is_within = (lower <= floored) & (floored <= upper)
    tenths = [part.mean() for part in np.array_split(is_within, PARTS) if len(part)]
    width = np.median(upper / np.maximum(lower, MIN_SECONDS / 2))
    return Coverage(float(is_within.mean()), float(min(tenths)), float(width))


def intervals(bounds: Floats, actual: Floats) -> dict[str, Coverage]:
    """Return the coverage of the central 80 and 90 % intervals, and of the upper bounds alone."""
    low, levels = np.zeros(len(actual)), LEVELS.tolist()
    pairs = {
        "central_80": (bounds[:, levels.index(0.1)], bounds[:, levels.index(0.9)]),
        "central_90": (bounds[:, levels.index(0.05)], bounds[:, levels.index(0.95)]),
        "upper_80": (low, bounds[:, levels.index(0.8)]),
        "upper_90": (low, bounds[:, levels.index(0.9)]),
        "upper_95": (low, bounds[:, levels.index(0.95)]),
    }
    return {name: coverage(*pair, actual) for name, pair in pairs.items()}


def stable(predicted: Floats, actual: Floats, runs: Floats, spread: Floats) -> Stable | None:
    """Return the share of runs on stable keys and how many of them were less than a tenth off.

    ``runs`` and ``spread`` are of each run's past, as it stood when it was submitted.
    """
    is_stable: Mask = (runs >= STABLE_RUNS) & (spread < STABLE_SPREAD)
    if not is_stable.any():
        return None
    actual_seconds = np.maximum(actual[is_stable], MIN_SECONDS)
    error = np.abs(np.maximum(predicted[is_stable], MIN_SECONDS) / actual_seconds - 1)
    return Stable(float(is_stable.mean()), float((error <= NEAR_SHARE).mean()))


def auc(probability: Floats, happened: Floats) -> float | None:
    """Return the area under the ROC curve by ranks; None where only one outcome occurs."""
    positive = happened > 0
    many, few = int(positive.sum()), int((~positive).sum())
    if not many or not few:
        return None
    _, place, count = np.unique(probability, return_inverse=True, return_counts=True)
    rank = (np.cumsum(count) - (count - 1) / 2)[place]
    return float((rank[positive].sum() - many * (many + 1) / 2) / (many * few))


def brier(probability: Floats, happened: Floats) -> float:
    """Return the mean squared error of probabilities (Brier 1950)."""
    return float(np.mean((probability - happened) ** 2))
