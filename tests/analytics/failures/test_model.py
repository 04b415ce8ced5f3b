"""Failures, foreseen."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from analytics.durations.scores import auc, brier
from analytics.failures.model import Failures, at_start, predict_failures
from analytics.failures.reasons import reasons, remedies
from analytics.history.columns import typed

pytestmark = pytest.mark.slow


def _history(number: int = 400) -> pd.DataFrame:
    """Return runs that fail mostly where they ask for little memory."""
    rng = np.random.default_rng(5)
    memory = rng.choice([100.0, 200.0, 800.0], number)
    fails = rng.random(number) < np.where(memory < 150, 0.8, 0.1)
    at = np.arange(number) * 10.0
    return typed(
        pd.DataFrame(
            {
                "key": rng.choice(["a", "b"], number),
                "submitted_at": at,
                "started_at": at + 1,
                "seconds": 5.0,
                "state": np.where(fails, "failed", "succeeded"),
                "known_memory_mib": memory,
            }
        )
    )


@pytest.fixture(scope="module")
def failures() -> Failures:
    """Give what is foreseen of such a history; growing the forests takes most of the time."""
    return predict_failures(_history())


def test_probabilities_are_ranked_and_calibrated(failures: Failures) -> None:
    """A run would be warned of that never fails, or none at all."""
    is_scored = np.isfinite(failures.probability) & (np.arange(len(failures.failed)) > 100)
    probability, failed = failures.probability[is_scored], failures.failed[is_scored]
    area = auc(probability, failed)
    assert area
    assert area > 0.8
    assert brier(probability, failed) < brier(np.full(len(failed), failed.mean()), failed)
    assert abs(probability.mean() - failed.mean()) < 0.07


def test_the_reason_and_the_remedy_are_named(failures: Failures) -> None:
    """Nobody would know why, or what to do about it."""
    poor = np.flatnonzero(failures.table["known_memory_mib"].to_numpy() < 150)[-1]
    assert "memory_mib" in [reason.feature for reason in reasons(failures, int(poor))]
    best = remedies(failures, int(poor))[0]
    assert best.feature == "memory_mib"
    assert best.factor > 1


def test_cancelled_runs_are_neither(failures: Failures) -> None:
    """A user who cancels often would look like one whose runs fail."""
    table = _history(80)
    table.loc[table.index[::2], "state"] = "cancelled"
    typed_failures = predict_failures(typed(table))
    assert np.isnan(typed_failures.failed[::2]).all()


def test_short_histories_abstain() -> None:
    """A probability would be made up from three runs."""
    assert np.isnan(predict_failures(_history(10)).probability).all()


def test_rows_are_found_again_after_sorting_by_start() -> None:
    """A run would get the probability of another."""
    table = _history(60)
    table.loc[3, ["started_at", "ended_at"]] += 1000.0
    history_at_start = at_start(table)
    assert history_at_start.index[-1] == 3
    assert history_at_start["known_waited_seconds"].loc[3] == 1001
    assert len(predict_failures(table).place) == 60
