"""When a key has become slower, and when it has not."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.insights.regressions import REMEMBERED_RUNS, KeyWatch, TimedRun, regressions

STEADY = [10.0, 10.2, 9.9, 10.1, 10.0, 9.8, 10.1, 10.0]


def _runs(seconds: Iterable[float], key: str = "build") -> list[TimedRun]:
    return [
        TimedRun(key, f"run-{at}", float(at), run_seconds) for at, run_seconds in enumerate(seconds)
    ]


def test_half_as_slow_again_is_found_within_five_runs() -> None:
    """A deploy that slows every run would be noticed by whoever waits for it."""
    (regression,) = regressions(_runs([*STEADY, *[15.0] * 5])).regressions
    assert regression.runs <= 5
    assert regression.factor == pytest.approx(1.5, rel=0.05)
    assert regression.usual_seconds == pytest.approx(10, rel=0.05)


def test_it_names_the_first_slow_run() -> None:
    """The change that did it would be looked for among the wrong commits."""
    (regression,) = regressions(_runs([*STEADY, *[15.0] * 5])).regressions
    assert (regression.key, regression.run, regression.since) == ("build", "run-8", 8.0)


def test_one_straggler_is_no_regression() -> None:
    """Every hiccup of a machine would raise an alarm."""
    assert regressions(_runs([*STEADY, 1000.0, *STEADY])).regressions == ()


def test_two_stragglers_apart_are_no_regression() -> None:
    """The slow run of last week would be added to that of today."""
    assert regressions(_runs([*STEADY, 30.0, *STEADY, 30.0, *STEADY])).regressions == ()


def test_a_key_that_varies_is_not_watched() -> None:
    """Keys whose runs differ by their input would raise alarms all day."""
    assert regressions(_runs([1, 50, 3, 20, 7, 90, 2, 60, 80, 70, 90])).regressions == ()


def test_a_new_key_is_not_watched() -> None:
    """The second run of anything could be a regression."""
    assert regressions(_runs([10.0, 10, 10, 15, 15, 15])).regressions == ()


def test_faster_is_no_regression() -> None:
    """An improvement would be reported as damage."""
    assert regressions(_runs([*STEADY, *[5.0] * 9])).regressions == ()


def test_it_is_found_once() -> None:
    """The same slow-down would be reported after every run."""
    assert len(regressions(_runs([*STEADY, *[15.0] * 40])).regressions) == 1


def test_a_second_slow_down_is_found_too() -> None:
    """After one regression nothing would ever be noticed again."""
    assert len(regressions(_runs([*STEADY, *[15.0] * 10, *[24.0] * 5])).regressions) == 2


def test_it_is_over_when_runs_are_as_fast_as_before() -> None:
    """An insight would stay open after its cause was repaired."""
    slow = _runs([*STEADY, *[15.0] * 5])
    assert len(regressions(slow).current) == 1
    assert regressions(_runs([*STEADY, *[15.0] * 5, *[10.0] * 9])).current == ()


def test_it_is_over_when_it_has_become_usual() -> None:
    """What nobody will change would stay open for ever."""
    assert regressions(_runs([*STEADY, *[15.0] * (REMEMBERED_RUNS + 5)])).current == ()


def test_keys_are_apart() -> None:
    """A slow key would make another one look slow."""
    other = _runs([30.0] * 12, "test")
    assert regressions([*_runs([*STEADY, *STEADY]), *other]).regressions == ()


@given(
    seed=st.integers(0, 999),
    spread=st.floats(0.0, 0.05),
    usual=st.floats(0.01, 1e5),
    before=st.integers(6, 60),
)
def test_every_stable_key_that_slows_is_found_within_five(
    seed: int, spread: float, usual: float, before: int
) -> None:
    """Some scale or length of history would hide a slow-down."""
    noise = np.exp(np.random.default_rng(seed).normal(0, spread, before + 5))
    seconds = usual * noise * np.where(np.arange(before + 5) < before, 1, 1.5)
    watch = KeyWatch()
    alarms = [watch.see(run) for run in _runs(seconds.tolist())]
    assert not any(alarms[:before])
    assert any(alarms[before:])
