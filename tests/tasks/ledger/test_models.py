"""Tests of the recorded versions of models."""

from __future__ import annotations

from dataclasses import replace

from tasks.ledger.connection import Ledger
from tasks.ledger.models import TrainedModel, models, record_model

FIRST = TrainedModel(
    "durations", 0, 10.0, 1.0, 9.0, 500, "c0de", {"min_max_ratio": 0.7}, "this version", "the first"
)


def test_versions_are_numbered_by_model_and_the_newest_comes_first(ledger: Ledger) -> None:
    """Nobody could say which model an estimate came from."""
    assert models(ledger) == []
    assert record_model(ledger, FIRST) == 1
    assert record_model(ledger, replace(FIRST, trained_at=20.0)) == 2
    assert record_model(ledger, replace(FIRST, name="failures", trained_at=15.0)) == 1
    assert [model.version for model in models(ledger, "durations")] == [2, 1]
    assert models(ledger, "durations", limit=1) == [replace(FIRST, version=2, trained_at=20.0)]
    assert [model.name for model in models(ledger)] == ["durations", "failures", "durations"]
