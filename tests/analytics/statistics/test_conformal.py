"""Intervals that keep their promise."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mapie.regression import SplitConformalRegressor
from sklearn.dummy import DummyRegressor

from analytics.statistics.conformal import LEVELS, START_QUANTILES, WINDOW_RUNS, ConformalCalibrator


def test_what_was_never_judged_gets_wider_intervals_than_its_levels() -> None:
    """The first runs of a server would miss their intervals a third of the time."""
    start = ConformalCalibrator().quantiles()
    assert (start[LEVELS < 0.5] < LEVELS[LEVELS < 0.5]).all()
    assert (start[LEVELS > 0.5] > LEVELS[LEVELS > 0.5]).all()


def test_too_narrow_a_distribution_is_widened_until_it_covers() -> None:
    """Nine runs of ten would be promised, and six come."""
    calibration, rng = ConformalCalibrator(), np.random.default_rng(2)
    inside = []
    for place in rng.beta(0.4, 0.4, 3000).tolist():
        below = place <= calibration.quantiles()
        inside.append(below)
        calibration.update(place, below)
    np.testing.assert_allclose(np.mean(inside[500:], axis=0), LEVELS, atol=0.02)


def test_it_follows_a_drift() -> None:
    """After a change everything would lie outside for months."""
    calibration, rng = ConformalCalibrator(), np.random.default_rng(3)
    late = []
    for turn, place in enumerate(rng.uniform(0, 0.5, 2000).tolist()):
        drifted = place + 0.5 * (turn >= 1000)
        below = drifted <= calibration.quantiles()
        calibration.update(drifted, below)
        late.append(below)
    assert (np.abs(np.mean(late[1500:], axis=0) - LEVELS) < 0.06).all()


@given(st.lists(st.floats(0, 1), max_size=60))
def test_quantiles_are_in_order(places: list[float]) -> None:
    """The 95th percentile would lie below the 90th."""
    calibration = ConformalCalibrator()
    for place in places:
        calibration.update(place, place <= calibration.quantiles())
    quantiles = calibration.quantiles()
    assert (np.diff(quantiles) >= 0).all()
    assert 0 <= quantiles.min() <= quantiles.max() <= 1


def test_without_misses_to_mend_it_is_the_split_conformal_quantile_of_mapie() -> None:
    """Coverage would be promised by a rank that no theorem stands behind."""
    places = np.random.default_rng(7).beta(2, 3, WINDOW_RUNS)
    calibration = ConformalCalibrator()
    for turn, place in enumerate(places.tolist()):
        # The bounds are passed just as often as they should be, so the levels do not move.
        calibration.update(place, (turn % 20) / 20 < LEVELS)
    upper = LEVELS > 0.5
    nothing = np.zeros((WINDOW_RUNS, 1))
    model = DummyRegressor(strategy="constant", constant=0.0).fit(nothing[:1], [0.0])
    mapie = SplitConformalRegressor(model, confidence_level=LEVELS[upper].tolist(), prefit=True)
    _, oracle = mapie.conformalize(nothing, places).predict_interval(nothing[:1])
    # The start counts as much as 20 runs.
    trust = WINDOW_RUNS / (WINDOW_RUNS + 20)
    expected = trust * oracle[0, 1] + (1 - trust) * START_QUANTILES[upper]
    np.testing.assert_allclose(calibration.quantiles()[upper], expected, atol=0.01)


@pytest.mark.parametrize("shape", [(1, 1), (0.5, 0.5), (2, 2), (0.6, 1.6), (1.6, 0.6)])
def test_exchangeable_runs_are_covered(shape: tuple[float, float]) -> None:
    """A promise of 95 % would hold for some distributions only."""
    rng, calibration, below = np.random.default_rng(9), ConformalCalibrator(), []
    for place in rng.beta(*shape, 1300).tolist():
        below.append(place <= calibration.quantiles())
        calibration.update(place, below[-1])
    # The first runs teach how wrong the distribution is.
    assert (np.abs(np.mean(below[300:], axis=0) - LEVELS) < 0.05).all()
