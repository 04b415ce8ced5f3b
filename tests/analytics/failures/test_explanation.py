"""Why a run may fail, in words."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from analytics.failures.explanation import explain, line
from analytics.failures.model import predict_failures
from analytics.failures.reasons import Reason, Remedy
from analytics.failures.skill import base_rate, beats_base_rate
from analytics.history.columns import typed


def test_the_line_names_what_raises_it_and_what_would_lower_it() -> None:
    """Who asks would learn that it fails, and not what to do."""
    text = line(
        0.4,
        [Reason("streak of key", 3.0, 0.2), Reason("hour", np.nan, 0.05), Reason("age", 1, 0.001)],
        [Remedy("memory_mib", 2.0, 0.1), Remedy("cpus", 4.0, 0.2), Remedy("cpus", 2.0, 0.3)],
    )
    assert text == (
        "fails 40% of the time: streak of its own runs 3 (+20%), hour unknown (+5%); 2 x the memory would "
        "leave 10%, 4 x the CPUs would leave 20%"
    )
    assert line(0.12, [], []) == "fails 12% of the time"


def history(failing: np.ndarray[tuple[int], np.dtype[np.bool_]], memory: object) -> pd.DataFrame:
    """Return runs of one key, one every hundred seconds."""
    states = np.where(failing, "failed", "succeeded")
    at = np.arange(len(failing)) * 100.0
    rows = {"key": "a", "started_at": at, "seconds": 9.0, "state": states}
    return typed(pd.DataFrame({**rows, "known_memory_mib": memory}))


@pytest.mark.integration
def test_too_little_memory_is_found() -> None:
    """A step would be killed again and again, with the remedy known."""
    rng = np.random.default_rng(2)
    memory = rng.choice([100.0, 400.0], 400)
    table = history((memory < 200) & (rng.random(400) < 0.9), memory)
    failures = predict_failures(table)
    row = int(np.flatnonzero(memory < 200)[-1])
    lines = explain(failures, [row, int(np.flatnonzero(memory > 200)[-1])])
    assert list(lines) == [row]
    assert "the memory would leave" in lines[row]
    assert beats_base_rate(failures)


@pytest.mark.integration
def test_chance_is_not_foreseen() -> None:
    """Noise would be published as knowledge of failures."""
    rng = np.random.default_rng(5)
    failures = predict_failures(history(rng.random(600) < 0.1, 100.0))
    share = base_rate(failures)
    assert share[0] == 0.5
    assert abs(share[-1] - 0.1) < 0.05
    assert not beats_base_rate(predict_failures(history(np.zeros(60, dtype=bool), 100.0)))
