"""Forests as plain arrays, and on disk."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from sklearn.ensemble import ExtraTreesRegressor

from analytics.statistics.forest import (
    FEATURE_SHARE,
    LEAF_RUNS,
    Forest,
    Matrix,
    bin_of,
    binned,
    grow,
)
from analytics.training.model_store import (
    KEPT_VERSIONS,
    StoredModel,
    code_digest,
    load,
    save,
    versions,
)


@pytest.fixture(scope="module")
def features() -> Matrix:
    """Give features, some of them unknown."""
    matrix = np.random.default_rng(1).normal(size=(200, 3)).astype(np.float32)
    matrix[::7, 1] = np.nan
    return matrix


@pytest.fixture(scope="module")
def forest(features: Matrix) -> Forest:
    """Give a small forest."""
    return grow(features, binned(features[:, 0].astype(float)), trees=5)


def test_it_says_what_scikit_learn_says(features: Matrix, forest: Forest) -> None:
    """Another version of scikit-learn would lay out its trees otherwise, and nobody notice."""
    filled = np.where(np.isfinite(features), features, np.float32(-20))
    bins = binned(features[:, 0].astype(float))
    regressor = ExtraTreesRegressor(
        5, min_samples_leaf=LEAF_RUNS, max_features=FEATURE_SHARE, random_state=0
    )
    expected = regressor.fit(filled, bins).predict(filled)
    predicted = forest.distribution(features) @ np.arange(forest.classes)
    np.testing.assert_allclose(predicted, expected, rtol=1e-4)


def test_a_distribution_sums_to_one(features: Matrix, forest: Forest) -> None:
    """Probabilities would be none."""
    np.testing.assert_allclose(forest.distribution(features).sum(axis=1), 1, rtol=1e-5)
    assert forest.counts().sum() == pytest.approx(5 * len(features))


def test_bins_agree_and_hold_what_lies_beyond() -> None:
    """A run of no length, or of years, would fall out of the grid."""
    values = np.array([-100.0, -7.0, 0.0, 3.21, 100.0])
    assert binned(values).tolist() == [bin_of(value) for value in values.tolist()]


def _model(forest: Forest, version: int) -> StoredModel:
    return StoredModel("duration", version, 1.0, 2.0, 3, code_digest(), {"a": 0.5}, ("x",), forest)


def test_a_model_comes_back_as_it_was(tmp_path: Path, forest: Forest, features: Matrix) -> None:
    """A restart would forget what was learnt, or forecast something else."""
    model = _model(forest, 1)
    read = load(save(tmp_path, model))
    assert (read.version, read.scores, read.features) == (1, {"a": 0.5}, ("x",))
    np.testing.assert_array_equal(read.forest.distribution(features), forest.distribution(features))


def test_old_versions_are_dropped(tmp_path: Path, forest: Forest) -> None:
    """Nightly training would fill the disk."""
    for version in range(1, KEPT_VERSIONS + 3):
        save(tmp_path, _model(forest, version))
    remaining = [load(path).version for path in versions(tmp_path, "duration")]
    assert remaining == list(range(3, KEPT_VERSIONS + 3))


def test_a_pickle_is_refused(tmp_path: Path) -> None:
    """A file from elsewhere would run code when it is read."""
    path = tmp_path / "duration-000001.npz"
    np.savez(path, described=np.array([{"a": 1}], dtype=object))
    with pytest.raises(ValueError, match="allow_pickle"):
        load(path)
