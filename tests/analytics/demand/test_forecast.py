"""What will be asked for, hour by hour."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.demand.forecast import HORIZONS, forecast, forecasts
from analytics.statistics.seasonal import DAILY, DAY_HOURS, WEEK_HOURS, Values
from tests.properties import at_most


def _busy_days(hours: int, seed: int = 0) -> Values:
    """Return counts that are higher in working hours, with a tenth of bursts."""
    random = np.random.default_rng(seed)
    at = np.arange(hours)
    working = (at % DAY_HOURS >= 8) & (at % DAY_HOURS < 18) & (at % WEEK_HOURS < 5 * DAY_HOURS)
    rates = np.where(working, 20, 2) * random.choice([1, 1, 3], hours)
    return np.asarray(random.poisson(rates), dtype=float)


@at_most(15)
@given(
    hours=st.integers(2 * DAY_HOURS, 5 * WEEK_HOURS),
    horizon=st.sampled_from(HORIZONS),
    seed=st.integers(0, 99),
    rate=st.sampled_from([0.0, 0.02, 1.0, 50.0]),
)
def test_bands_hold_the_median_and_nothing_is_negative(
    hours: int, horizon: int, seed: int, rate: float
) -> None:
    """A chart would show a band beside its line, a plan less than nothing to be needed."""
    past = np.random.default_rng(seed).poisson(rate, hours).astype(float)
    demand = forecast(past, horizon)
    assert demand
    for series in (demand.low, demand.median, demand.mean, demand.high):
        assert series.shape == (horizon,)
        assert np.isfinite(series).all()
        assert (series >= 0).all()
    assert (demand.low <= demand.median).all()
    assert (demand.median <= demand.high).all()
    assert sum(demand.shares.values()) == pytest.approx(1)


@pytest.mark.slow
def test_noisy_days_are_forecast_better_than_by_repeating_them() -> None:
    """All of this would be no better than looking at yesterday."""
    errors, naive_errors = [], []
    for seed in range(3):
        whole = _busy_days(12 * WEEK_HOURS, seed)
        demand = forecast(whole[:-WEEK_HOURS])
        assert demand
        assert demand.error < 0.9 * demand.naive_error
        errors.append(np.abs(whole[-WEEK_HOURS:] - demand.median).mean())
        naive_errors.append(
            np.abs(whole[-WEEK_HOURS:] - whole[-2 * WEEK_HOURS : -WEEK_HOURS]).mean()
        )
    assert np.mean(errors) < 0.85 * np.mean(naive_errors)


@pytest.mark.slow
def test_bands_hold_about_eight_of_ten_hours() -> None:
    """Capacity would be planned for a worst case that comes every other day, or never."""
    inside = []
    for seed in range(3):
        whole = _busy_days(10 * WEEK_HOURS, seed)
        demand = forecast(whole[:-WEEK_HOURS])
        assert demand
        inside.append((whole[-WEEK_HOURS:] >= demand.low) & (whole[-WEEK_HOURS:] <= demand.high))
    assert np.mean(inside) == pytest.approx(0.8, abs=0.12)


def test_the_mean_adds_up_to_what_came() -> None:
    """Money would be planned by medians, which leave out the bursts."""
    whole = _busy_days(12 * WEEK_HOURS)
    demand = forecast(whole[:-WEEK_HOURS])
    assert demand
    assert demand.mean.sum() == pytest.approx(whole[-WEEK_HOURS:].sum(), rel=0.1)
    assert demand.mean.sum() > demand.median.sum()


def test_what_repeats_exactly_is_left_to_the_seasonal_naive() -> None:
    """A blend that is no better would be shown as if it had learnt something."""
    demand = forecast(np.tile(np.arange(24.0), 40), 24)
    assert demand
    assert demand.shares == {DAILY: 1.0}
    assert demand.median.tolist() == list(range(24))


def test_a_few_days_are_forecast_by_the_seasonal_naive() -> None:
    """The first week of a server would show a model that nothing speaks for."""
    demand = forecast(_busy_days(3 * DAY_HOURS))
    assert demand
    assert set(demand.shares) == {DAILY}


def test_less_than_two_days_is_not_forecast() -> None:
    """A forecast would be made up from one afternoon."""
    assert forecast(np.ones(2 * DAY_HOURS - 1)) is None


@pytest.mark.parametrize("value", [-1.0, float("nan")])
def test_what_demand_cannot_be_is_refused(value: float) -> None:
    """A hole in the data would make every forecast NaN, without a word."""
    with pytest.raises(ValueError, match="never negative"):
        forecast(np.array([1.0] * 100 + [value]))


def test_every_column_is_forecast() -> None:
    """Money, tokens or memory would be missing from the plan."""
    table = pd.DataFrame({"runs": np.ones(100), "money": np.zeros(100)})
    demands = forecasts(table, 6)
    assert demands["runs"].median.tolist() == [1.0] * 6
    assert demands["money"].high.tolist() == [0.0] * 6
