"""Seasonal and level forecasts of an hourly series, which need no fit.

Every method takes the past, one value an hour with the newest last, and a horizon in hours, and
returns one value for each hour to come. They use medians rather than means: hourly values are
skewed, and forecasts are scored by their absolute error.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

import numpy as np
from numpy.typing import NDArray

DAY_HOURS = 24
WEEK_HOURS = 168

Values = NDArray[np.float64]
Method = Callable[[Values, int], Values]


def seasonal_naive(past: Values, horizon: int, period: int = DAY_HOURS) -> Values:
    """Repeat the last ``period`` hours; the last day where there are fewer."""
    period = period if len(past) >= period else DAY_HOURS
    return np.resize(past[-period:], horizon)


def seasonal_median(
    past: Values, horizon: int, period: int = DAY_HOURS, periods: int = 28
) -> Values:
    """Return the median over the last ``periods`` of every hour of the day or of the week."""
    if len(past) < period:
        return seasonal_naive(past, horizon)
    count = min(periods, len(past) // period)
    return np.resize(np.median(past[-count * period :].reshape(count, period), axis=0), horizon)


def level(past: Values, horizon: int, hours: int = DAY_HOURS) -> Values:
    """Return the median of the last ``hours`` for every hour to come."""
    return np.full(horizon, np.median(past[-hours:]))


DAILY = "same hour yesterday"
WEEKLY = "same hour last week"

NAIVE: Mapping[str, Method] = {
    DAILY: seasonal_naive,
    WEEKLY: partial(seasonal_naive, period=WEEK_HOURS),
}
METHODS: Mapping[str, Method] = {
    **NAIVE,
    "median hour of the day": seasonal_median,
    "median hour of the week, 2 months": partial(seasonal_median, period=WEEK_HOURS, periods=8),
    "median hour of the week, 6 months": partial(seasonal_median, period=WEEK_HOURS, periods=26),
    "median of 4 weeks": partial(level, hours=4 * WEEK_HOURS),
    "median of a day": level,
    "last hour": partial(level, hours=1),
}
