"""A new forest replaces the last one only where it has forecast better of late."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from analytics.history.columns import typed
from analytics.history.features import RunFeatures, compute_features, logs
from analytics.statistics.forest import binned, grow
from analytics.training.model_store import StoredModel
from analytics.training.promotion import decide_promotion

# Grows forests.
pytestmark = pytest.mark.integration


def history(change: float = 1.0) -> pd.DataFrame:
    """Return 300 runs of three keys; the later half takes ``change`` times as long."""
    rng = np.random.default_rng(4)
    turn = np.arange(300)
    usual = np.array([1.0, 8.0, 60.0])[turn % 3]
    seconds = usual * np.exp(rng.normal(0, 0.3, 300)) * np.where(turn < 150, 1.0, change)
    rows = {"key": [f"k{n}" for n in turn % 3], "started_at": turn * 100.0, "seconds": seconds}
    return typed(pd.DataFrame({**rows, "state": "succeeded"}))


def model(
    table: pd.DataFrame, features: RunFeatures, rows: int, *, spoilt: bool = False
) -> StoredModel:
    """Return the forest of the first ``rows`` runs; a spoilt one has learnt something else."""
    value = logs(table["seconds"])[:rows] + 3.0 * spoilt
    forest = grow(features.matrix[:rows], binned(value))
    until = float(table["submitted_at"][rows - 1])
    return StoredModel("durations", 3, 0.0, until, rows, "code", {}, features.names, forest)


def test_the_first_one_forecasts() -> None:
    """Without a model to beat there would never be one."""
    table = history()
    decision = decide_promotion(table, compute_features(table), None, "code")
    assert decision.replaces
    assert decision.forest
    assert not decide_promotion(table[:20], compute_features(table[:20]), None, "code").forest


def test_one_that_has_become_wrong_is_replaced() -> None:
    """What was learnt before a change would be published for ever."""
    table = history()
    features = compute_features(table)
    decision = decide_promotion(table, features, model(table, features, 200, spoilt=True), "code")
    assert decision.replaces
    assert decision.why.startswith("better: 0.")


def test_one_that_is_better_stays() -> None:
    """A forest grown from a bad week would replace a good one."""
    table = history()
    features = compute_features(table)
    # It has seen the very runs that both are judged by.
    last = replace(model(table, features, 300), until=float(table["submitted_at"][150]))
    decision = decide_promotion(table, features, last, "code")
    assert not decision.replaces
    assert decision.forest is last.forest
    assert "not better" in decision.why


def test_too_few_new_runs_replace_nothing() -> None:
    """Every hour a version would follow another for no reason."""
    table = history()
    features = compute_features(table)
    last = model(table, features, 290)
    assert decide_promotion(table, features, last, "code").forest is last.forest


@pytest.mark.parametrize("changed", [{"code": "old"}, {"features": ("another",)}])
def test_one_of_other_code_or_features_is_never_asked(changed: dict[str, object]) -> None:
    """It would read one feature for another, and forecast nonsense."""
    table = history()
    features = compute_features(table)
    last = replace(model(table, features, 290), **changed)  # type: ignore[arg-type] # one of two
    assert decide_promotion(table, features, last, "code").replaces
