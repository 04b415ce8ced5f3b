"""What the figures mean."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import brier_score_loss, roc_auc_score

from analytics.durations.scores import auc, brier, coverage, in_class, min_max_ratio, stable


def test_the_min_max_ratio_is_symmetrical_and_bears_zero() -> None:
    """Too long and too short would not be equally bad, or a run of no length divide by zero."""
    first, second = np.array([1.0, 2.0, 0.0]), np.array([2.0, 1.0, 0.0])
    assert min_max_ratio(first, second).tolist() == [0.5, 0.5, 1.0]


def test_a_class_is_right_or_wrong() -> None:
    """Minutes foreseen for hours would count as nearly right."""
    actual = np.array([5.0, 59.0, 61.0, 4000.0, 1e6])
    predicted = np.array([9.0, 61.0, 599.0, 600.0, 2e6])
    assert in_class(predicted, actual).tolist() == [1, 0, 1, 0, 1]


def test_the_worst_tenth_is_one_of_time() -> None:
    """An interval that fails for a month would look fine on average."""
    actual = np.concatenate([np.ones(90), np.full(10, 9.0)])
    covered = coverage(np.zeros(100), np.full(100, 2.0), actual)
    assert (covered.overall, covered.worst_tenth) == (0.9, 0.0)


def test_auc_counts_ties_half() -> None:
    """A constant would look better, or worse, than a coin."""
    happened = np.array([0.0, 1.0, 0.0, 1.0])
    assert auc(np.full(4, 0.3), happened) == 0.5
    assert auc(np.array([0.1, 0.9, 0.2, 0.8]), happened) == 1.0
    assert auc(np.ones(4), np.ones(4)) is None
    assert brier(np.array([0.0, 1.0]), np.array([0.0, 0.0])) == 0.5


def test_stable_keys_need_runs_and_steadiness() -> None:
    """The share within a tenth would be one of keys that vary."""
    ones = np.ones(3)
    scored = stable(ones, np.array([1.05, 3, 1]), np.array([5.0, 9, 2]), np.array([0.05, 0.5, 0]))
    assert scored
    assert scored.share == pytest.approx(1 / 3)
    assert scored.within_tenth == 1.0
    assert stable(ones, ones, np.zeros(3), np.zeros(3)) is None


@given(st.lists(st.tuples(st.sampled_from([0.0, 0.1, 0.5, 0.9, 1.0]), st.booleans()), min_size=2))
def test_auc_and_brier_are_those_of_scikit_learn(pairs: list[tuple[float, bool]]) -> None:
    """A failure model would be published for a skill that it does not have."""
    probability, happened = np.array(pairs, float).T
    assert brier(probability, happened) == pytest.approx(brier_score_loss(happened, probability))
    if len(set(happened)) > 1:
        assert auc(probability, happened) == pytest.approx(roc_auc_score(happened, probability))
