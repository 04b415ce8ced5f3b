"""How far past their limit runs end."""

from __future__ import annotations

from math import inf, log

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.durations.overruns import START_EXCESSES, WINDOW_RUNS, Overruns

logarithms = st.floats(-5, 15)


def test_only_runs_that_reached_their_limit_count() -> None:
    """Runs that end by themselves would make limits look strict, or be counted without a limit."""
    overruns = Overruns()
    overruns.update(log(100), log(50))
    overruns.update(inf, log(5000))
    assert overruns.excesses == START_EXCESSES
    overruns.update(log(100), log(150))
    assert overruns.excesses[-1] == pytest.approx(log(1.5))


def test_a_system_that_becomes_strict_is_believed_in_time() -> None:
    """The upper bounds would stay beyond the limit after a change of the scheduler's settings."""
    overruns = Overruns()
    for _ in range(WINDOW_RUNS):
        overruns.update(log(100), log(300))
    for _ in range(WINDOW_RUNS):
        overruns.update(log(100), log(100))
    assert overruns.excesses == (0.0,) * WINDOW_RUNS


@given(st.lists(st.tuples(logarithms, logarithms), max_size=500))
def test_excesses_stay_in_order_and_few(runs: list[tuple[float, float]]) -> None:
    """A quantile would be read from an unsorted list, or the memory grow with the history."""
    overruns = Overruns()
    for limit, actual in runs:
        overruns.update(limit, actual)
    assert list(overruns.excesses) == sorted(overruns.excesses)
    assert len(START_EXCESSES) <= len(overruns.excesses) <= WINDOW_RUNS
