"""The distribution that a run is forecast with."""

from __future__ import annotations

from math import inf, log

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from analytics.durations.distribution import Distribution, mixture, width_indices
from analytics.statistics.averages import Floats
from analytics.statistics.conformal import LEVELS
from analytics.statistics.forest import BIN_STEP, BINS, GRID

OUTWARDS = np.sign(LEVELS - 0.5)
_WIDTHS = np.full(6, 1 / 6)
levels = st.lists(st.floats(0.01, 0.99), min_size=6, max_size=6).map(sorted)
excesses = st.lists(st.floats(-0.05, 3), min_size=1, max_size=30).map(lambda e: tuple(sorted(e)))


def _around(seconds: float, spread: float = 0.5) -> Floats:
    shares = np.array([1.0, 0.0])
    return mixture(np.array([log(seconds)]), shares, _WIDTHS, width_indices(spread), None)


def test_without_a_limit_it_is_the_mixture() -> None:
    """A run that nothing ends would be bounded by other runs' limits."""
    distribution = Distribution(_around(100), inf, (0.0,))
    low, *_, high = distribution.quantiles(LEVELS, OUTWARDS).tolist()
    assert low < log(80) < log(120) < high
    assert distribution.place(log(100)) == pytest.approx(0.5, abs=0.1)


def test_what_would_last_longer_ends_as_late_as_others_did() -> None:
    """A run that is killed late would always be outside its interval."""
    late = tuple(np.linspace(0.0, 0.5, 21).tolist())
    distribution = Distribution(_around(1000, 0.1), log(100), late)
    bounds = np.exp(distribution.quantiles(LEVELS, OUTWARDS))
    assert 99.9 < bounds[0] < 105
    assert 150 < bounds[-1] < 170


def test_a_strict_limit_bounds_every_run() -> None:
    """Upper bounds would promise more time than a scheduler ever gives."""
    distribution = Distribution(_around(1000), log(100), (0.0,) * 50)
    assert np.exp(distribution.quantiles(LEVELS, OUTWARDS)) == pytest.approx(100)


def test_a_run_that_ends_at_its_limit_is_within_its_bound() -> None:
    """Runs that end to the second at their limit would miss it by the rounding of a logarithm."""
    for seconds in range(60, 4000, 60):
        distribution = Distribution(_around(1e5), log(seconds), (0.0,) * 50)
        assert float(np.exp(distribution.quantiles(LEVELS, OUTWARDS)[-1])) >= seconds


@given(st.floats(1, 1e6), st.floats(1, 1e6), levels, excesses)
def test_quantiles_are_in_order(
    centre: float, limit: float, asked: list[float], over: tuple[float, ...]
) -> None:
    """The 95th percentile would lie below the 90th where one is beyond the limit."""
    distribution = Distribution(_around(centre), log(limit), over)
    quantiles = distribution.quantiles(np.array(asked), OUTWARDS)
    assert (np.diff(quantiles) >= -1e-6 - BIN_STEP * (np.diff(OUTWARDS) < 0)).all()


@example(1.0, 2.0, [0.0, BIN_STEP / 2], (0.0,))
@given(st.floats(1, 1e6), st.floats(1, 1e6), st.lists(st.floats(-3, 16), min_size=2), excesses)
def test_a_longer_run_has_no_lower_place(
    centre: float, limit: float, values: list[float], over: tuple[float, ...]
) -> None:
    """The calibration would widen the wrong side of the interval."""
    distribution = Distribution(_around(centre), log(limit), over)
    places = [distribution.place(value) for value in sorted(values)]
    assert (np.diff(places) >= -1e-9).all()
    assert 0 <= min(places) <= max(places) <= 1 + 1e-9


def test_places_are_uniform_where_the_distribution_is_right() -> None:
    """Intervals would be calibrated to another coverage than they are asked for."""
    rng = np.random.default_rng(4)
    over = tuple(np.sort(rng.exponential(0.1, 400)).tolist())
    cumulative, limit = _around(100, 0.3), log(120)
    values = GRID[np.searchsorted(cumulative, rng.random(4000))] + rng.uniform(-0.5, 0.5, 4000) * (
        BIN_STEP
    )
    values = np.where(values < limit - BIN_STEP, values, limit + rng.exponential(0.1, 4000))
    places = [Distribution(cumulative, limit, over).place(value) for value in values.tolist()]
    np.testing.assert_allclose(np.quantile(places, LEVELS), LEVELS, atol=0.04)


def test_the_mixture_is_a_distribution_function() -> None:
    """Probabilities beyond one would put every bound at the end of the grid."""
    cumulative = _around(100)
    assert len(cumulative) == BINS
    assert (np.diff(cumulative) >= 0).all()
    assert cumulative[-1] == pytest.approx(1)
