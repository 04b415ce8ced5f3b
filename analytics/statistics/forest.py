"""A forest of extremely randomised trees (Geurts et al. 2006) that predicts distributions.

A leaf holds the distribution of the runs that fell into it, as in quantile regression forests
(Meinshausen 2006), on a grid of logarithms: durations often have several modes, and a mean or a
median would fall between them. scikit-learn grows the trees. Predicting needs NumPy only, and a
stored forest consists of arrays without a pickle, so that loading it runs no code.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Matrix = npt.NDArray[np.float32]

# Bins of 5 % from a millisecond (or a KiB) to some years (or a PiB).
BIN_STEP = 0.05
MIN_LOG = -7.0
BINS = 560
GRID = MIN_LOG + BIN_STEP * np.arange(BINS)
TREES = 30
LEAF_RUNS = 4
FEATURE_SHARE = 0.33
_UNKNOWN = -20.0


@dataclass(frozen=True, slots=True)
class Forest:
    """Trees one after the other in flat arrays; ``left`` and ``right`` count from 0 over all.

    ``feature`` is -1 at a leaf, and there ``left`` is the leaf's number. ``offsets`` (leaves + 1)
    cut ``bins`` into the runs of each leaf; ``classes`` is the number of different bins.
    """

    roots: Ints
    feature: npt.NDArray[np.int32]
    threshold: Matrix
    left: npt.NDArray[np.int32]
    right: npt.NDArray[np.int32]
    offsets: Ints
    bins: npt.NDArray[np.int16]
    classes: int

    def distribution(self, features: Matrix) -> Matrix:
        """Return (rows, classes): the share of each bin, averaged over the trees."""
        rows = _filled(features)
        distribution = np.zeros((len(rows), self.classes), np.float32)
        for root in self.roots.tolist():
            leaves = self._leaves(root, rows)
            distinct_leaves, place = np.unique(leaves, return_inverse=True)
            distribution += self._shares(distinct_leaves)[place]
        return distribution / np.float32(len(self.roots))

    def leaves(self, features: Matrix) -> Ints:
        """Return (rows, trees): the number of the leaf that each row falls into."""
        rows = _filled(features)
        return np.column_stack([self._leaves(root, rows) for root in self.roots.tolist()])

    def counts(self) -> Floats:
        """Return (leaves, classes): how many runs of each class a leaf holds."""
        leaf = np.repeat(np.arange(len(self.offsets) - 1), np.diff(self.offsets))
        cell = leaf * self.classes + self.bins
        flat = np.bincount(cell, minlength=(len(self.offsets) - 1) * self.classes)
        return flat.reshape(-1, self.classes).astype(float)

    def _leaves(self, root: int, rows: Matrix) -> Ints:
        at = np.full(len(rows), root)
        unfinished = np.arange(len(rows))
        while len(unfinished):
            node = at[unfinished]
            feature = self.feature[node]
            inner = feature >= 0
            unfinished, node, feature = unfinished[inner], node[inner], feature[inner]
            lower = rows[unfinished, feature] <= self.threshold[node]
            at[unfinished] = np.where(lower, self.left[node], self.right[node])
        leaves: Ints = self.left[at].astype(np.int64)
        return leaves

    def _shares(self, leaves: Ints) -> Matrix:
        sizes = self.offsets[leaves + 1] - self.offsets[leaves]
        row = np.repeat(np.arange(len(leaves)), sizes)
        start = np.repeat(self.offsets[leaves] - np.cumsum(sizes) + sizes, sizes)
        bins = self.bins[start + np.arange(sizes.sum())].astype(np.int64)
        counts = np.bincount(row * self.classes + bins, minlength=len(leaves) * self.classes)
        shares = counts.reshape(len(leaves), self.classes) / sizes[:, None]
        return shares.astype(np.float32)


def binned(logs: Floats) -> Ints:
    """Return the bin of each logarithm; what lies beyond the grid falls into its ends."""
    places = np.nan_to_num((logs - MIN_LOG) / BIN_STEP)
    return np.clip(np.round(places), 0, BINS - 1).astype(np.int64)


def bin_of(value: float) -> int:
    """Return the bin of one logarithm, as ``binned`` does of many."""
    return min(max(round((value - MIN_LOG) / BIN_STEP), 0), BINS - 1)


def grow(
    features: Matrix, bins: Ints, classes: int = BINS, leaf: int = LEAF_RUNS, trees: int = TREES
) -> Forest:
    """Grow a forest from (runs, features) and each run's bin below ``classes``; NaN is a value."""
    # It takes a second to import, which a process that only reads a model saves.
    from sklearn.ensemble import ExtraTreesRegressor  # noqa: PLC0415 - for that reason

    rows = _filled(features)
    regressor = ExtraTreesRegressor(
        trees, min_samples_leaf=leaf, max_features=FEATURE_SHARE, random_state=0, n_jobs=-1
    ).fit(rows, bins)
    parts = [_flat(tree.tree_, tree.tree_.apply(rows), bins) for tree in regressor.estimators_]
    return _joined(parts, classes)


def _filled(features: Matrix) -> Matrix:
    return np.where(np.isfinite(features), features, np.float32(_UNKNOWN)).astype(np.float32)


def _flat(tree: object, leaf_of: Ints, bins: Ints) -> tuple[npt.NDArray[np.generic], ...]:
    """Return one tree's arrays: feature, threshold, left, right, sizes of leaves, their bins."""
    left = np.asarray(getattr(tree, "children_left")).astype(np.int64)  # noqa: B009 - untyped
    right = np.asarray(getattr(tree, "children_right")).astype(np.int64)  # noqa: B009 - untyped
    feature = np.asarray(getattr(tree, "feature")).astype(np.int32)  # noqa: B009 - untyped
    threshold = np.asarray(getattr(tree, "threshold"))  # noqa: B009 - untyped
    is_leaf = left < 0
    order = np.argsort(leaf_of, kind="stable")
    sizes = np.bincount(leaf_of, minlength=len(left))[is_leaf]
    number = np.cumsum(is_leaf) - 1
    # A threshold that is rounded up to float32 would send a row left that the tree sent right.
    lowered = threshold.astype(np.float32)
    lowered = np.where(lowered > threshold, np.nextafter(lowered, np.float32(-np.inf)), lowered)
    return (
        np.where(is_leaf, -1, feature),
        lowered,
        np.where(is_leaf, number, left),
        right,
        is_leaf,
        sizes,
        bins[order].astype(np.int16),
    )


def _joined(parts: list[tuple[npt.NDArray[np.generic], ...]], classes: int) -> Forest:
    features, thresholds, lefts, rights, leaves, sizes, bins = zip(*parts, strict=True)
    roots = np.cumsum([0, *(len(array) for array in features)])
    firsts = np.cumsum([0, *(len(array) for array in sizes)])
    left = [
        np.where(is_leaf, array + first, array + root)
        for array, is_leaf, first, root in zip(lefts, leaves, firsts[:-1], roots[:-1], strict=True)
    ]
    right = [array + root for array, root in zip(rights, roots[:-1], strict=True)]
    return Forest(
        roots=roots[:-1].astype(np.int64),
        feature=np.concatenate(features).astype(np.int32),
        threshold=np.concatenate(thresholds).astype(np.float32),
        left=np.concatenate(left).astype(np.int32),
        right=np.concatenate(right).astype(np.int32),
        offsets=np.concatenate([[0], np.cumsum(np.concatenate(sizes))]).astype(np.int64),
        bins=np.concatenate(bins).astype(np.int16),
        classes=classes,
    )
