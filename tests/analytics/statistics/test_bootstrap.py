"""How sure a figure is."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from analytics.statistics.bootstrap import Rows, bootstrap


def _mean(rows: Rows) -> float:
    return float(rows.mean())


@pytest.mark.slow
def test_the_interval_holds_the_truth_nine_times_of_ten() -> None:
    """A gain would be promised that does not come."""
    hits = 0
    for seed in range(60):
        gain = bootstrap(np.random.default_rng(seed).normal(5, 1, 40), _mean)
        hits += gain.low <= 5 <= gain.high
    assert hits >= 48


def test_what_never_varies_is_certain() -> None:
    """Equal runs would show an interval from nowhere."""
    gain = bootstrap(np.full(10, 3.0), _mean)
    assert (gain.low, gain.expected, gain.high) == (3, 3, 3)


def test_the_same_runs_say_the_same() -> None:
    """A report would differ each time that it is opened."""
    rows = np.random.default_rng(1).random(20)
    assert bootstrap(rows, _mean) == bootstrap(rows, _mean)


def test_no_runs_say_nothing() -> None:
    """A mean of nothing would be NaN, far from its cause."""
    with pytest.raises(ValueError, match="no runs"):
        bootstrap(np.array([]), _mean)


def test_the_interval_is_that_of_scipy() -> None:
    """The certainty of a gain would be one of our own invention."""
    rows = np.random.default_rng(8).lognormal(0, 1, 80)
    gain = bootstrap(rows, _mean)
    interval = stats.bootstrap(
        (rows,), np.mean, n_resamples=2000, confidence_level=0.9, method="percentile", rng=1
    ).confidence_interval
    width = interval.high - interval.low
    assert (gain.low, gain.high) == pytest.approx((interval.low, interval.high), abs=width / 10)
