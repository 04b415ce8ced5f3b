"""How forecasts are weighed against each other."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.demand.mixture import mixed, reaches, weights

HOURS = st.integers(1, 400)


@given(horizon=HOURS)
def test_every_hour_ahead_is_in_one_reach(horizon: int) -> None:
    """Some hours would have no forecast."""
    covered = [hour for reach in reaches(horizon) for hour in range(horizon)[reach]]
    assert covered == list(range(horizon))


@given(seed=st.integers(0, 99), methods=st.integers(1, 5), horizon=st.integers(1, 30))
def test_the_shares_of_an_hour_add_up_to_one(seed: int, methods: int, horizon: int) -> None:
    """Forecasts would be too high or too low by a factor."""
    random = np.random.default_rng(seed)
    predicted, actual = random.random((methods, 3, horizon)), random.random((3, horizon))
    shares = weights(predicted, actual)
    assert shares.sum(axis=0) == pytest.approx(1)
    assert (shares >= 0).all()


def test_the_forecast_that_was_right_gets_all() -> None:
    """A perfect method would be diluted by bad ones."""
    actual = np.random.default_rng(1).random((4, 24))
    shares = weights(np.stack([actual, actual + 1, actual - 2]), actual)
    assert shares[0] == pytest.approx(1, abs=1e-6)


def test_near_and_far_hours_are_weighed_apart() -> None:
    """The last hour would be trusted for next week, or last week's for the next hour."""
    actual = np.random.default_rng(1).random((4, 48))
    near, far = actual.copy(), actual.copy()
    near[:, 24:] += 5
    far[:, :24] += 5
    shares = weights(np.stack([near, far]), actual)
    assert shares[0, 0] > 0.99
    assert shares[1, 47] > 0.99


def test_two_that_err_to_either_side_are_mixed() -> None:
    """The blend would be no better than its best part."""
    actual = np.zeros((4, 12))
    predicted = np.stack([actual + 1, actual - 1])
    assert np.abs(mixed(predicted, weights(predicted, actual))).max() < 0.1
