"""What was known when a run was submitted."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.history.columns import typed
from analytics.history.features import RunFeatures, compute_features, moments

runs = st.lists(
    st.tuples(st.integers(0, 40), st.integers(0, 20), st.sampled_from("ab")),
    min_size=1,
    max_size=20,
)


def _table(rows: list[tuple[int, int, str]], **known_columns: list[float]) -> pd.DataFrame:
    return typed(
        pd.DataFrame(
            {
                "key": [key for *_, key in rows],
                "submitted_at": [float(at) for at, *_ in rows],
                "started_at": [float(at) for at, *_ in rows],
                "seconds": [float(seconds) for _, seconds, _ in rows],
                "state": "succeeded",
                **known_columns,
            }
        )
    )


def _says(features: RunFeatures, rule: str) -> list[float]:
    values: list[float] = np.exp(features.rules[:, features.rule_names.index(rule)]).tolist()
    return values


@pytest.mark.slow
@given(runs)
def test_the_future_changes_nothing(rows: list[tuple[int, int, str]]) -> None:
    """Every figure of a backtest would be too good: what came later would leak into it."""
    table = _table(rows)
    changed = table.copy()
    late = changed["ended_at"] > 20
    changed.loc[late, "seconds"] += 100.0
    changed.loc[late, "ended_at"] += 100.0
    early = (table["submitted_at"] <= 20).to_numpy()
    np.testing.assert_array_equal(
        compute_features(table).matrix[early], compute_features(changed).matrix[early]
    )


@pytest.mark.slow
@given(runs)
def test_no_run_ends_before_it_is_submitted(rows: list[tuple[int, int, str]]) -> None:
    """A run without length would be forecast from itself."""
    table = _table(rows)
    submitted = set()
    for run, is_end in moments(table["submitted_at"].to_numpy(), table["ended_at"].to_numpy()):
        assert (run in submitted) == is_end
        submitted.add(run)


def test_rules_speak_of_what_had_ended() -> None:
    """A rule would be compared that nobody could have followed."""
    features = compute_features(_table([(0, 5, "a"), (5, 7, "a"), (20, 1, "a"), (30, 2, "b")]))
    assert _says(features, "last run of key")[1:3] == pytest.approx([5, 7])
    assert _says(features, "mean of 2 of key")[2] == pytest.approx(6)
    assert np.isnan(_says(features, "last run of key")[3])
    assert features.level.tolist()[0] == -1
    assert features.levels[features.level[3]] == "kind"


def test_a_line_through_the_sizes_of_inputs() -> None:
    """A task ten times as large as the last would be expected to take as long."""
    rows = [(at * 100, 2 * at, "a") for at in range(1, 9)]
    features = compute_features(_table(rows, known_input_mib=[float(at) for at in range(1, 9)]))
    assert _says(features, "scaled by input")[-1] == (pytest.approx(16, rel=0.1))
