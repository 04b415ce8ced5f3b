"""Trends of a value over time: its change a week, with a bootstrap interval.

The slope is the median of the slopes between pairs of runs (Theil 1950, Sen 1968), which is robust
to outliers. It is a clear trend only if the interval excludes zero.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from analytics.statistics.bootstrap import Gain, Rows, bootstrap
from analytics.statistics.seasonal import Values

WEEK_SECONDS = 7 * 86_400.0
MIN_RUNS = 8
MAX_RUNS = 100


@dataclass(frozen=True, slots=True)
class Trend:
    """The change of a value a week; ``is_clear`` if its interval excludes zero."""

    per_week: Gain
    runs: int

    @property
    def is_clear(self) -> bool:
        """Whether the whole interval is on one side of zero."""
        return self.per_week.low > 0 or self.per_week.high < 0


def relative_trend(ended_at: Values, values: Values) -> Trend | None:
    """Return the growth of durations or costs in a week: 0.1 is ten percent more each week.

    Returns None for fewer than 8 runs, or where all ended at once.

    Raises:
        ValueError: A value is not positive.
    """
    if not np.all(values > 0):
        raise ValueError("only what is positive grows by a share of itself")
    log_trend = trend(ended_at, np.log(values))
    if log_trend is None:
        return None
    log_growth = log_trend.per_week
    return Trend(
        Gain(
            *(
                float(np.expm1(part))
                for part in (log_growth.expected, log_growth.low, log_growth.high)
            )
        ),
        log_trend.runs,
    )


def trend(ended_at: Values, values: Values) -> Trend | None:
    """Return the change of a value in a week: of 0 and 1 for failures, that of their share.

    Times are epoch seconds; long histories are thinned evenly.
    """
    if len(values) < MIN_RUNS or np.ptp(ended_at) == 0:
        return None
    picked = np.linspace(0, len(values) - 1, min(MAX_RUNS, len(values))).astype(int)
    order = np.argsort(ended_at, kind="stable")[picked]
    rows = np.column_stack([ended_at[order] / WEEK_SECONDS, values[order]])
    is_share = set(np.unique(values)) <= {0.0, 1.0}
    return Trend(bootstrap(rows, _least_squares if is_share else _theil_sen), len(values))


def _theil_sen(rows: Rows) -> float:
    at, value = rows.T
    first, second = np.triu_indices(len(at), 1)
    apart = at[second] - at[first]
    slopes = (value[second] - value[first])[apart != 0] / apart[apart != 0]
    return float(np.median(slopes)) if slopes.size else 0.0


def _least_squares(rows: Rows) -> float:
    """Return the slope of a share; the median slope between zeros and ones is mostly zero."""
    at, value = rows.T
    centred = at - at.mean()
    spread = float(centred @ centred)
    return float(centred @ value) / spread if spread else 0.0
