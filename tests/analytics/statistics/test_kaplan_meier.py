"""Lifetimes of which some still go on."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import CensoredData, ecdf

from analytics.statistics.kaplan_meier import QUANTILES, KaplanMeier, quantiles

logs = st.lists(st.floats(-5, 15), min_size=3, max_size=30)


def test_without_running_ones_they_are_plain_quantiles() -> None:
    """A quiet key would be forecast too long."""
    logarithms = quantiles(np.arange(1.0, 101.0), np.array([]))
    assert logarithms.tolist() == [25, 50, 75, 90]


def test_those_still_running_make_it_longer() -> None:
    """Of a hundred that start together, the first to end would stand for all."""
    short, ages = np.array([1.0, 1.1, 1.2]), np.full(20, 3.0)
    assert (quantiles(short, ages) > 3).all()


@given(logs, logs)
def test_quantiles_are_in_order_and_never_shorter(ended: list[float], ages: list[float]) -> None:
    """Counting a run that goes on would shorten what is expected."""
    plain = quantiles(np.array(ended), np.array([]))
    logarithms = quantiles(np.array(ended), np.array([max(ended) + 1] * len(ages)))
    assert (np.diff(logarithms) >= -1e-9).all()
    assert (logarithms >= plain - 1e-9).all()


def test_what_has_not_begun_is_no_age() -> None:
    """A task that waits in a queue would count as one that takes long."""
    running = KaplanMeier()
    for run in range(3):
        running.begin(1, run, 0.0)
        running.end(1, run, 1.0)
    running.begin(1, 9, 50.0)
    logarithms = running.predict(1, 40.0)
    assert logarithms is not None
    assert logarithms.tolist() == pytest.approx([1, 1, 1, 1])
    assert running.predict(2, 40.0) is None


@given(logs, logs)
def test_it_is_the_estimator_of_scipy(ended: list[float], ages: list[float]) -> None:
    """Durations that are planned for would come from a formula of our own."""
    curve = ecdf(CensoredData(uncensored=np.array(ended), right=np.array(ages))).cdf
    reached = curve.probabilities[None] >= QUANTILES[:, None] - 1e-9
    is_inside = reached.any(axis=1)
    expected = curve.quantiles[reached.argmax(axis=1)]
    actual = quantiles(np.array(ended), np.array(ages))
    assert actual[is_inside].tolist() == expected[is_inside].tolist()
    assert (actual[~is_inside] > max(ended + ages)).all()
