"""An online forest of failures: its leaves learn from every run that ends.

Growing a forest takes seconds, while counting an outcome in the leaves of its run takes
microseconds. Each count discounts the earlier ones in a leaf, so that it follows changes.
"""

from __future__ import annotations

import numpy as np

from analytics.statistics.forest import Floats, Forest, Ints, Matrix, grow

LEAF_RUNS = 7
TREES = 50
DECAY = 0.95
# A new forest is grown after half as many runs again; above 2,000 runs, after 2,000 more or a fifth
# more, whichever is later. It is grown from the newest 16,000.
FIRST_RUNS = 50
FIRST_FACTOR = 1.5
LATER_RUNS = 2000
LATER_FACTOR = 1.2
MAX_RUNS = 16_000
_BLOCK_RUNS = 512


class OnlineForest:
    """A forest whose leaves count every run that ends, with discounted earlier counts."""

    def __init__(self, features: Matrix, failed: Floats) -> None:
        self._features, self._failed = features, failed
        self._ended: list[int] = []
        self._next = float(FIRST_RUNS)
        self._block, self._first = np.zeros((0, 0), np.int64), 0
        self._fell: dict[int, Ints] = {}
        self.forest: Forest | None = None
        self.counts: Floats = np.zeros((0, 2))

    def share(self, run: int) -> float | None:
        """Return the share of failures among runs like ``run``; None without a forest."""
        if self.forest is None:
            return None
        if not 0 <= run - self._first < len(self._block):
            self._first = run
            self._block = self.forest.leaves(self._features[run : run + _BLOCK_RUNS])
        leaves = self._block[run - self._first]
        self._fell[run] = leaves
        return float(shares_of(self.counts, leaves[None])[0])

    def ended(self, run: int) -> None:
        """Learn from a run that ended; grow a new forest when there are enough new runs."""
        self._ended.append(run)
        if (leaves := self._fell.pop(run, None)) is not None:
            self.counts[leaves] *= DECAY
            self.counts[leaves, int(self._failed[run])] += 1.0
        n = len(self._ended)
        if n >= self._next:
            self._grow()
            self._next = (
                n * FIRST_FACTOR if n < LATER_RUNS else max(n + LATER_RUNS, n * LATER_FACTOR)
            )

    def _grow(self) -> None:
        rows = np.array(self._ended[-MAX_RUNS:])
        bins = self._failed[rows].astype(np.int64)
        self.forest = grow(self._features[rows], bins, classes=2, leaf=LEAF_RUNS, trees=TREES)
        self.counts = self.forest.counts()
        self._block = self._block[:0]
        # The leaves of runs that are still going belong to the old forest.
        self._fell.clear()


def shares_of(counts: Floats, leaves: Ints) -> Floats:
    """Return (rows,) from (leaves, 2) and (rows, trees): the mean smoothed share of the leaves."""
    leaf_counts = counts[leaves]
    shares: Floats = ((leaf_counts[..., 1] + 0.5) / (leaf_counts.sum(axis=-1) + 2.0)).mean(axis=1)
    return shares
