"""Linear models of the last day and week."""

from __future__ import annotations

import numpy as np
import pytest

from analytics.demand.lagged import SHAPES, Shape, fit
from analytics.statistics.seasonal import DAY_HOURS, WEEK_HOURS, Values

HORIZON = 48


def _days(hours: int, weekend: float) -> Values:
    """Return a wave of a day that is so many times as strong at the week's end."""
    at = np.arange(hours)
    day = 10 + 5 * np.sin(2 * np.pi * at / DAY_HOURS)
    return np.asarray(np.where(at % WEEK_HOURS < 5 * DAY_HOURS, day, weekend * day))


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_what_repeats_is_forecast(shape: Shape) -> None:
    """The hour of the day or of the week would be one off, or the scale not undone."""
    knows_the_week = shape.lags == WEEK_HOURS or shape.weekly
    whole = _days(9 * WEEK_HOURS + HORIZON, weekend=2.0 if knows_the_week else 1.0)
    ahead = fit(whole[:-HORIZON], HORIZON, shape)(whole[:-HORIZON])
    assert np.abs(ahead - whole[-HORIZON:]).mean() < 0.6


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_a_model_forecasts_from_later_hours_than_it_was_fitted_to(shape: Shape) -> None:
    """A backtest would judge forecasts of the wrong hour of the week."""
    whole = _days(9 * WEEK_HOURS, weekend=1.0)
    fitted = fit(whole[: 8 * WEEK_HOURS], HORIZON, shape)
    later = fitted(whole[: 8 * WEEK_HOURS + 31])
    same = fit(whole[: 8 * WEEK_HOURS + 31], HORIZON, shape)(whole[: 8 * WEEK_HOURS + 31])
    assert np.abs(later - same).max() < 1.5


@pytest.mark.parametrize("value", [0.0, 7.0])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_a_series_that_never_changes_stays(shape: Shape, value: float) -> None:
    """A key without any use would stop training with a singular matrix."""
    past = np.full(5 * WEEK_HOURS, value)
    assert fit(past, HORIZON, shape)(past) == pytest.approx(value, abs=1e-6)


def test_a_change_of_level_carries_over() -> None:
    """After a doubling, forecasts would stay at the old level for weeks."""
    past = np.concatenate([np.full(4 * WEEK_HOURS, 10.0), np.full(2 * DAY_HOURS, 20.0)])
    past += np.random.default_rng(0).normal(0, 0.1, len(past))
    ahead = fit(past, HORIZON, Shape(DAY_HOURS, 1e-3))(past)
    assert ahead == pytest.approx(20, abs=1)


def test_it_needs_a_week_of_examples() -> None:
    """A model would be fitted to a handful of windows and repeat their noise."""
    assert not Shape(WEEK_HOURS, 1e-3).fits(2 * WEEK_HOURS, HORIZON)
    assert Shape(WEEK_HOURS, 1e-3).fits(2 * WEEK_HOURS + HORIZON, HORIZON)
