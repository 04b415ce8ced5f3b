"""What stands out of a series of measurements, and what does not."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.insights.anomalies import Limits, detect
from analytics.statistics.seasonal import Values

DAY = 48


def _days(days: int, seed: int = 0) -> Values:
    """Return a busy day and a quiet night, again and again, with a little noise."""
    at = np.arange(days * DAY)
    noise = np.random.default_rng(seed).normal(0, 1, len(at))
    return np.asarray(100 + 40 * np.sin(2 * np.pi * at / DAY) + noise)


def test_an_ordinary_month_has_no_anomaly() -> None:
    """Every morning would raise an alarm, and nobody would look at them any more."""
    assert detect(_days(28), DAY) == []


def test_a_spike_is_found_where_it_is() -> None:
    """A machine that runs away would not be noticed."""
    values = _days(20)
    values[800:803] += 150
    (anomaly,) = detect(values, DAY)
    assert anomaly.first == 800
    assert 800 <= anomaly.peak <= 803
    assert anomaly.value > anomaly.usual + 100


def test_a_quiet_day_is_found_though_its_values_are_ordinary() -> None:
    """A night's load at noon is within the range of the month: a plain z-score sees nothing."""
    values = _days(28)
    values[24 * DAY : 25 * DAY] = 60
    (anomaly,) = detect(values, DAY)
    assert "time of the week" in anomaly.detectors
    assert 24 * DAY <= anomaly.peak <= 25 * DAY


def test_a_jump_of_what_never_moved_is_found() -> None:
    """A constant has no deviation to compare with, and could change unseen."""
    values = np.full(10 * DAY, 5.0)
    values[400:] = 50
    assert detect(values, DAY)[0].first == 400


def test_what_never_moves_is_no_anomaly() -> None:
    """An idle machine would be strange for being idle."""
    assert detect(np.zeros(10 * DAY), DAY) == []


def test_a_limit_counts_at_once() -> None:
    """A full disk would be news only after two days of learning."""
    values = _days(1)
    values[5] = 999
    (anomaly,) = detect(values, DAY, Limits(high=500))
    assert (anomaly.first, anomaly.last) == (5, 5)
    assert "limit" in anomaly.detectors


def test_what_follows_each_other_is_one_anomaly() -> None:
    """An incident of an hour would be reported a dozen times."""
    values = _days(20)
    values[800:806:2] += 200
    assert len(detect(values, DAY)) == 1


def test_values_too_rare_for_a_day_are_refused() -> None:
    """A series of one value a day would be searched for hours it does not have."""
    with pytest.raises(ValueError, match="too coarse"):
        detect([1.0, 2.0], 1)


@pytest.mark.slow
@settings(max_examples=4, deadline=None)
@given(cut=st.integers(5 * DAY, 12 * DAY), seed=st.integers(0, 20))
def test_what_comes_later_changes_nothing_found_before(cut: int, seed: int) -> None:
    """Anomalies would be found in hindsight only, and the measured recall be a leak."""
    values = _days(12, seed)
    values[6 * DAY : 6 * DAY + 4] += 200
    whole, part = detect(values, DAY), detect(values[:cut], DAY)
    assert [anomaly.first for anomaly in part] == [
        anomaly.first for anomaly in whole if anomaly.first < cut
    ]
