"""What is learnt reaches the ledger and a file, and is read back from there."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from analytics.history.runs import Run
from analytics.training.backtest import Backtest, backtest
from analytics.training.publishing import last_model, publish_backtest, record_models
from tasks.ledger.connection import Ledger
from tasks.ledger.estimates import read_estimates
from tasks.ledger.models import models

# Learns from hundreds of runs: seconds, not milliseconds.
pytestmark = pytest.mark.integration

NOW = 1_000_000.0


@pytest.fixture(scope="module")
def tested() -> Backtest:
    """Give what is learnt from runs that need memory, of which those with little fail."""
    rng = np.random.default_rng(3)
    runs = []
    for turn in range(500):
        small = bool(rng.random() < 0.4)
        at = NOW - 60.0 * (500 - turn)
        failed = small and rng.random() < 0.9
        seconds = 5.0 if failed else 20.0
        runs.append(
            Run(
                "shell", "small" if small else "large", at, at + seconds, seconds, not failed,
                asked_memory_mib=100.0 if small else 900.0,
            )
        )  # fmt: skip
    return backtest(runs, NOW, code="c0de")


def test_versions_are_recorded_with_their_scores(
    ledger: Ledger, tested: Backtest, tmp_path: Path
) -> None:
    """Nobody could say which data and code an estimate came from, or how good it was."""
    record_models(ledger, tmp_path / "models", tested, "c0de", NOW)
    models_by_name = {model.name: model for model in models(ledger)}
    assert models_by_name.keys() == {"durations", "failures"}
    assert models_by_name["durations"].scores["min_max_ratio"] > 0.9
    assert models_by_name["durations"].code == "c0de"
    assert models_by_name["failures"].scores["auc"] > 0.8
    assert models_by_name["failures"].champion == "model"
    stored = last_model(tmp_path / "models")
    assert stored
    assert (stored.version, stored.until) == (1, models_by_name["durations"].until)
    assert stored.features == tested.forecasts.run_features.names


def test_a_file_that_cannot_be_read_is_as_good_as_none(
    ledger: Ledger, tested: Backtest, tmp_path: Path
) -> None:
    """A cut-off file would stop training for good."""
    assert last_model(tmp_path) is None
    record_models(ledger, tmp_path, tested, "c0de", NOW)
    (tmp_path / "durations-000002.npz").write_bytes(b"PK cut off")
    stored = last_model(tmp_path)
    assert stored
    assert stored.version == 1


def test_an_estimate_says_why_it_fails_and_what_would_help(
    ledger: Ledger, tested: Backtest
) -> None:
    """Planning would know the risk, and the user not what to change."""
    assert publish_backtest(ledger, tested, NOW) == 2
    estimates = read_estimates(ledger, ["small", "large"], "shell")
    assert estimates["small"].success < 0.4
    assert "the memory would leave" in estimates["small"].why
    assert estimates["large"].success > 0.9
    assert not estimates["large"].why
    assert estimates["large"].rule
