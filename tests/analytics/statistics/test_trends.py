"""What grows and what shrinks."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import linregress, theilslopes

from analytics.statistics.seasonal import Values
from analytics.statistics.trends import WEEK_SECONDS, relative_trend, trend

WEEKS = np.linspace(0, 10, 60)


def _noise(spread: float) -> Values:
    return np.asarray(np.random.default_rng(3).normal(0, spread, len(WEEKS)))


def test_growth_is_a_share_a_week() -> None:
    """A key that doubles in ten weeks would go unnoticed until it misses its deadline."""
    growth = relative_trend(WEEKS * WEEK_SECONDS, 20 * 1.05**WEEKS * np.exp(_noise(0.05)))
    assert growth
    assert growth.per_week.expected == pytest.approx(0.05, abs=0.01)
    assert growth.per_week.low <= 0.05 <= growth.per_week.high
    assert growth.is_clear


def test_noise_is_no_trend() -> None:
    """Every key would be said to grow or to shrink."""
    growth = relative_trend(WEEKS * WEEK_SECONDS, np.exp(_noise(0.3)))
    assert growth
    assert not growth.is_clear


def test_a_few_strange_runs_do_not_make_a_trend() -> None:
    """One outage at the end would look like growth."""
    values = np.exp(_noise(0.02))
    values[-3:] *= 100
    growth = relative_trend(WEEKS * WEEK_SECONDS, values)
    assert growth
    assert growth.per_week.expected == pytest.approx(0, abs=0.02)


def test_failures_that_become_more_are_a_trend() -> None:
    """A key that fails more each week would show a median slope of nought."""
    failed = (np.random.default_rng(0).random(300) < np.linspace(0, 0.6, 300)).astype(float)
    growth = trend(np.linspace(0, 10, 300) * WEEK_SECONDS, failed)
    assert growth
    assert growth.is_clear
    assert growth.per_week.expected == pytest.approx(0.06, abs=0.03)


@pytest.mark.slow
def test_the_order_of_the_runs_does_not_matter() -> None:
    """A history read newest first would show the trend upside down."""
    values = 20 * 1.05**WEEKS
    forth = relative_trend(WEEKS * WEEK_SECONDS, values)
    back = relative_trend(WEEKS[::-1] * WEEK_SECONDS, values[::-1])
    assert forth
    assert back
    assert forth.per_week.expected == pytest.approx(back.per_week.expected)


def test_few_runs_have_no_trend() -> None:
    """Three runs would be a trend."""
    assert trend(np.arange(7.0), np.arange(7.0)) is None
    assert trend(np.ones(9), np.arange(9.0)) is None


def test_what_is_not_positive_is_refused() -> None:
    """A run of no time would be a growth without bounds."""
    with pytest.raises(ValueError, match="positive"):
        relative_trend(np.arange(9.0), np.zeros(9))


def test_the_slopes_are_those_of_scipy() -> None:
    """Growth would be shown by a formula of our own."""
    values = 20 * 1.05**WEEKS * np.exp(_noise(0.3))
    growth = relative_trend(WEEKS * WEEK_SECONDS, values)
    assert growth
    slope = theilslopes(np.log(values), WEEKS).slope
    assert growth.per_week.expected == pytest.approx(np.expm1(slope))
    failed = (np.arange(60) % 7 < WEEKS / 2).astype(float)
    share = trend(WEEKS * WEEK_SECONDS, failed)
    assert share
    assert share.per_week.expected == pytest.approx(linregress(WEEKS, failed).slope)
