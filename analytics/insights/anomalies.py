"""Anomaly detection in measurements, by the agreement of several detectors.

Each detector scores every value from earlier values only: its distance in robust standard
deviations. A value is an anomaly where two detectors agree, or one score is beyond doubt;
consecutive values are one anomaly. A value beyond a known limit is an anomaly at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import pandas as pd
from sklearn.ensemble import IsolationForest

from analytics.statistics.seasonal import DAY_HOURS, Values

Floats: TypeAlias = "pd.Series[float]"

STANDS_OUT_SCORE = 5.0
CERTAIN_SCORE = 10.0
MIN_DETECTORS = 2
LEARNING_DAYS = 2
_SEED = 0
# The standard deviation of a normal distribution over its median absolute deviation.
_DEVIATION_OVER_MAD = 1.4826
# A series that was constant may change by one percent without standing out.
FINEST_SHARE = 0.01


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits of a measurement, where they are known."""

    low: float = -np.inf
    high: float = np.inf


@dataclass(frozen=True, slots=True)
class Anomaly:
    """Values ``first`` to ``last`` of a series, inclusive; ``peak`` stands out most, by ``score``.

    ``usual`` is the expected value at the peak, ``detectors`` are those that found it.
    """

    first: int
    last: int
    peak: int
    value: float
    usual: float
    score: float
    detectors: tuple[str, ...]


def robust_z(values: Floats, window: int) -> Floats:
    """Score the distance to the median of the ``window`` values before, in their deviations."""
    before = values.shift(1).rolling(window, min_periods=max(2, window // 2))
    return _deviations(values, before.median(), window)


def moving_average(values: Floats, window: int, short: int) -> Floats:
    """Score the mean of the last ``short`` values, which shows shifts that single values do not."""
    return robust_z(values.rolling(short, min_periods=1).mean(), window)


def seasonal_z(values: Floats, day: int) -> Floats:
    """Score the distance to the usual value at this time of the week, or of the day at first."""
    return _deviations(values, usual(values, day), 7 * day)


def usual(values: Floats, day: int) -> Floats:
    """Return the median of the same time in the four weeks before, or in the seven days before."""
    expected = _same_time(values, 7 * day, 4, fewest=3)
    return expected.fillna(_same_time(values, day, 7, fewest=LEARNING_DAYS))


def forest(features: pd.DataFrame, learning: int) -> Floats:
    """Score how soon random cuts isolate a value (Liu et al. 2008), fitted to the first values.

    The score is on the scale of the others: the strangest fitted value has ``STANDS_OUT_SCORE``.
    """
    filled = features.fillna(0.0).clip(-1e6, 1e6).to_numpy(float)
    model = IsolationForest(n_estimators=50, random_state=_SEED).fit(filled[:learning])
    strangeness = -model.score_samples(filled)
    middle, most = np.median(strangeness[:learning]), strangeness[:learning].max()
    score = STANDS_OUT_SCORE * (strangeness - middle) / max(most - middle, 1e-9)
    return pd.Series(score, index=features.index).where(np.arange(len(features)) >= learning)


def scores(values: Floats, day: int) -> pd.DataFrame:
    """Return one row a value and one column a detector; ``day`` is how many values a day has.

    A score is NaN until its detector has enough values.
    """
    by_detector = pd.DataFrame(
        {
            "robust z-score": robust_z(values, LEARNING_DAYS * day),
            "moving average": moving_average(values, LEARNING_DAYS * day, max(2, day // 24)),
            "time of the week": seasonal_z(values, day),
        }
    )
    learning = 2 * LEARNING_DAYS * day
    if len(values) > learning:
        by_detector["isolation forest"] = forest(by_detector.assign(change=values.diff()), learning)
    return by_detector


def detect(
    measured: Sequence[float] | Values, day: int, limits: Limits | None = None
) -> list[Anomaly]:
    """Return the anomalies of a series that has ``day`` values a day, in the order of time.

    Raises:
        ValueError: There is less than one value an hour, too few to know a day by.
    """
    if day < DAY_HOURS:
        raise ValueError(f"a day of {day} values is too coarse: give at least one an hour")
    values = pd.Series(np.asarray(measured, dtype=float)).ffill()
    size = scores(values, day).abs()
    limits = limits or Limits()
    size["limit"] = np.where((values < limits.low) | (values > limits.high), np.inf, np.nan)
    agreed = (size > STANDS_OUT_SCORE).sum(axis=1) >= MIN_DETECTORS
    strange = np.flatnonzero(agreed | (size > CERTAIN_SCORE).any(axis=1))
    expected = usual(values, day).fillna(values.expanding().median())
    breaks = np.flatnonzero(np.diff(strange) > day // 2) + 1
    return [
        _anomaly(group, size, values, expected) for group in np.split(strange, breaks) if group.size
    ]


def _anomaly(
    group: np.ndarray[tuple[int], np.dtype[np.intp]],
    size: pd.DataFrame,
    values: Floats,
    expected: Floats,
) -> Anomaly:
    most = size.iloc[group].max(axis=1).to_numpy(float)
    peak = int(group[int(np.argmax(most))])
    noticed = (size.iloc[group] > STANDS_OUT_SCORE).any()
    return Anomaly(
        first=int(group[0]),
        last=int(group[-1]),
        peak=peak,
        value=float(values.iloc[peak]),
        usual=float(expected.iloc[peak]),
        score=float(most.max()),
        detectors=tuple(str(name) for name in noticed.index[noticed]),
    )


def _same_time(values: Floats, period: int, count: int, fewest: int) -> Floats:
    before = np.column_stack([values.shift(period * back) for back in range(1, count + 1)])
    is_known = (~np.isnan(before)).sum(axis=1) >= fewest
    middle = np.full(len(values), np.nan)
    middle[is_known] = np.nanmedian(before[is_known], axis=1)
    return pd.Series(middle, index=values.index)


def _deviations(values: Floats, expected: Floats, window: int) -> Floats:
    """Return distances in robust standard deviations of the ``window`` distances before."""
    distance = values - expected
    before = distance.abs().shift(1).rolling(window, min_periods=max(2, window // 4))
    # Where more than half of the values are equal, the median of the distances is zero.
    spread = _DEVIATION_OVER_MAD * np.maximum(before.median(), before.mean() / 2)
    deviations: Floats = distance / np.maximum(spread, FINEST_SHARE * expected.abs() + 1e-9)
    return deviations
