"""When training is due before its day is over."""

from __future__ import annotations

from dataclasses import replace

import pytest

from analytics.history.runs import Run
from analytics.training.training_due import DAY_SECONDS, MIN_RUNS, NEW_KEYS, due
from tasks.ledger.models import TrainedModel

TRAINED = TrainedModel("durations", 1, 1000.0, 0.0, 900.0, 500, "code", {}, "this version")
NOW = 1000.0 + 3600.0
BOUNDS = {("shell", "build"): (10.0, 1000.0)}


def runs(seconds: list[float], key: str = "build") -> list[Run]:
    """Return runs since the training, one a second."""
    return [
        Run("shell", key, 1001.0 + turn, 1001.0 + turn + run_seconds, run_seconds, succeeded=True)
        for turn, run_seconds in enumerate(seconds)
    ]


def test_what_still_holds_is_not_learnt_again() -> None:
    """Every hour would take the minutes of a whole training."""
    assert not due(TRAINED, "code", [], BOUNDS, NOW)
    assert not due(TRAINED, "code", runs([5.0] * 80 + [11.0] * 8), BOUNDS, NOW)


def test_a_drift_is_noticed() -> None:
    """Plans would reckon all day with what steps took before the change."""
    why = due(TRAINED, "code", runs([5.0] * 15 + [11.0] * 15), BOUNDS, NOW)
    assert why.startswith("forecasts have drifted: only 50% of 30 runs")


@pytest.mark.parametrize(
    "given_runs",
    [
        runs([11.0] * (MIN_RUNS - 1)),
        runs([11.0] * 90, key="unknown"),
        [Run("shell", "build", 900.0, 1900.0 + turn, 1000.0, succeeded=True) for turn in range(90)],
    ],
    ids=["few", "of no published key", "begun before the training"],
)
def test_what_shows_no_drift(given_runs: list[Run]) -> None:
    """Luck, or what nobody forecast, would have it learn again and again."""
    assert not due(TRAINED, "code", given_runs, BOUNDS, NOW)


def test_age_code_and_new_keys_count() -> None:
    """A new version would publish nothing, and what is new be unknown until the night."""
    assert "nothing was trained" in due(None, "code", [], BOUNDS, NOW)
    assert "code" in due(TRAINED, "other", [], BOUNDS, NOW)
    assert "a day ago" in due(TRAINED, "code", [], BOUNDS, 1000.0 + DAY_SECONDS)
    new = [run for number in range(NEW_KEYS) for run in runs([1.0], key=f"test_{number}")]
    assert due(TRAINED, "code", new, BOUNDS, NOW) == "50 keys are new"
    new_runs = runs([5.0] * 100)
    assert (
        due(TRAINED, "code", new_runs, BOUNDS, NOW) == "100 runs have ended since the last training"
    )
    assert not due(replace(TRAINED, runs=5000), "code", new_runs, BOUNDS, NOW)
