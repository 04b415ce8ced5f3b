"""Intervals that keep their promise."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from analytics.statistics.intervals import LEVELS, Calibration


def test_what_was_never_judged_is_taken_at_its_word() -> None:
    """The first runs would have no interval."""
    assert Calibration().quantiles().tolist() == LEVELS.tolist()


def test_too_narrow_a_distribution_is_widened_until_it_covers() -> None:
    """Nine runs of ten would be promised, and six come."""
    calibration, rng = Calibration(), np.random.default_rng(2)
    inside = []
    for place in rng.beta(0.4, 0.4, 3000).tolist():
        below = place <= calibration.quantiles()
        inside.append(below)
        calibration.update(place, below)
    np.testing.assert_allclose(np.mean(inside[500:], axis=0), LEVELS, atol=0.02)


def test_it_follows_a_drift() -> None:
    """After a change everything would lie outside for months."""
    calibration, rng = Calibration(), np.random.default_rng(3)
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
    calibration = Calibration()
    for place in places:
        calibration.update(place, place <= calibration.quantiles())
    quantiles = calibration.quantiles()
    assert (np.diff(quantiles) >= 0).all()
    assert 0 <= quantiles.min() <= quantiles.max() <= 1
