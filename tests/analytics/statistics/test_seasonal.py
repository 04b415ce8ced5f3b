"""The forecasts that every other one is measured against."""

from __future__ import annotations

import numpy as np
import pytest

from analytics.statistics.seasonal import (
    DAY_HOURS,
    METHODS,
    WEEK_HOURS,
    level,
    seasonal_median,
    seasonal_naive,
)

HOURS = np.arange(3.0 * WEEK_HOURS)


def test_the_daily_naive_repeats_yesterday() -> None:
    """The rule to beat would be another one, and the gain shown a false one."""
    assert seasonal_naive(HOURS, 30).tolist() == [*HOURS[-DAY_HOURS:], *HOURS[-DAY_HOURS:][:6]]


def test_the_weekly_naive_repeats_last_week() -> None:
    """As above, for the week."""
    assert seasonal_naive(HOURS, WEEK_HOURS, WEEK_HOURS).tolist() == HOURS[-WEEK_HOURS:].tolist()


def test_the_weekly_naive_of_less_than_a_week_repeats_yesterday() -> None:
    """The first days of a server would have no forecast, or one in the wrong order."""
    assert seasonal_naive(HOURS[:50], 2, WEEK_HOURS).tolist() == [26.0, 27.0]


def test_the_median_hour_is_taken_at_its_own_hour() -> None:
    """Nights would be forecast for days."""
    past = np.tile(np.arange(24.0), 9)[: 8 * DAY_HOURS + 5]
    ahead = seasonal_median(past, 48)
    assert ahead.tolist() == [float((5 + hour) % 24) for hour in range(48)]


def test_one_strange_day_does_not_move_the_median_hour() -> None:
    """A single outage would be forecast again for a month."""
    past = np.ones(9 * DAY_HOURS)
    past[2 * DAY_HOURS : 3 * DAY_HOURS] = 1000
    assert seasonal_median(past, DAY_HOURS).tolist() == [1.0] * DAY_HOURS


def test_a_level_is_the_recent_median() -> None:
    """A quiet week after a busy month would be forecast as busy."""
    assert level(np.array([9.0] * 30 + [1.0] * 24), 2).tolist() == [1.0, 1.0]


@pytest.mark.parametrize("hours", [DAY_HOURS, 2 * DAY_HOURS + 5, WEEK_HOURS, 5 * WEEK_HOURS])
@pytest.mark.parametrize("name", METHODS)
def test_every_method_says_one_value_an_hour(name: str, hours: int) -> None:
    """A server of a day's history would fail to be forecast."""
    assert METHODS[name](np.ones(hours), 31).shape == (31,)
