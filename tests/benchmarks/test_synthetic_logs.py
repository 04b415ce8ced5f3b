"""Logs with traits that make forecasts hard."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from benchmarks.synthetic_logs import MONTH_SECONDS, TRAITS, synthetic_log

pytestmark = pytest.mark.slow

JOBS = 1500


def _share_at_limit(log: pd.DataFrame, factor: float = 1.0) -> float:
    return float((log["seconds"] >= factor * log["known_limit_seconds"] - 1).mean())


@pytest.mark.parametrize("name", TRAITS)
def test_a_log_is_a_history_that_recurs(name: str) -> None:
    """Figures of two versions would be of different logs, or of none."""
    log = synthetic_log(TRAITS[name], jobs=JOBS)
    pd.testing.assert_frame_equal(log, synthetic_log(TRAITS[name], jobs=JOBS))
    assert len(log) == JOBS
    assert log["submitted_at"].is_monotonic_increasing
    assert log["is_trainable"].all()
    assert log["seconds"].ge(1).all()
    assert not log.equals(synthetic_log(TRAITS[name], seed=1, jobs=JOBS))


def test_jobs_are_killed_at_and_after_their_limit() -> None:
    """The log would not show what made the intervals of batch jobs fail."""
    log = synthetic_log(TRAITS["late_kills"])
    assert 0.05 < _share_at_limit(log) < 0.15
    assert 0.01 < _share_at_limit(log, 1.02) < 0.05


def test_ties_end_to_the_second_at_their_limit() -> None:
    """A bound at the limit would never be tried against runs that end there."""
    log = synthetic_log(TRAITS["ties"])
    assert (log["seconds"] == log["known_limit_seconds"]).mean() > 0.05
    assert (log["seconds"] <= log["known_limit_seconds"]).all()


def test_months_drift() -> None:
    """A log without drift would prove nothing of it."""
    medians = {}
    for name in ("drift", "lognormal_tail"):
        log = synthetic_log(TRAITS[name])
        month = log["submitted_at"] // MONTH_SECONDS
        deviation = np.log(log["seconds"]) - np.log(
            log.groupby("fine")["seconds"].transform("median")
        )
        medians[name] = float(deviation.groupby(month).median().std())
    assert medians["drift"] > 2 * medians["lognormal_tail"]


def test_tails_are_heavy_and_steady_jobs_are_not() -> None:
    """A method that assumes normal errors would pass."""
    spreads = {}
    for name in ("pareto_tail", "lognormal_tail", "steady"):
        log = synthetic_log(TRAITS[name])
        logarithms = np.log(log.loc[log["state"] == "succeeded", "seconds"])
        spreads[name] = float(logarithms.groupby(log["fine"]).std().median())
    assert spreads["lognormal_tail"] > spreads["pareto_tail"] > 0.8
    assert spreads["steady"] < 0.1


def test_bursts_are_submitted_at_once() -> None:
    """Feedback would never be late."""
    log = synthetic_log(TRAITS["bursts"])
    assert log["submitted_at"].value_counts().max() >= TRAITS["bursts"].burst


def test_sparse_keys_have_few_runs_each() -> None:
    """Every key would soon have a past of its own."""
    runs = synthetic_log(TRAITS["sparse_keys"])["key"].value_counts()
    assert len(runs) > 300
    assert (runs <= 3).mean() > 0.25
