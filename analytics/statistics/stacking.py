"""Stacking: a logistic regression on several predictions of failure, refitted to new outcomes."""

from __future__ import annotations

from collections import deque

import numpy as np

from analytics.statistics.forest import Floats

_MAX_RUNS = 6000
_FIRST_RUNS = 100
# It is refitted after 200 outcomes, later after a fiftieth of all outcomes so far.
_REFIT_RUNS = 200
_REFIT_SHARE = 0.02
_NEWTON_STEPS = 5
_RIDGE = 5.0
_MIN_SHARE = 1e-3


class Stacking:
    """The logistic regression, refitted regularly to the latest outcomes."""

    def __init__(self, stacked: Floats, failed: Floats) -> None:
        self._rows = np.column_stack([np.full(len(stacked), np.nan), stacked])
        self._failed = failed
        self._judged: deque[int] = deque(maxlen=_MAX_RUNS)
        self._new = self._seen = 0
        self.weights = _start(self._rows.shape[1])

    def predict(self, run: int, share: float) -> float:
        """Return the probability of failure of a run; ``share`` is the forest's prediction."""
        self._rows[run, 0] = logit(np.array([share]))[0]
        return float(probability(self._rows[run : run + 1], self.weights)[0])

    def ended(self, run: int) -> None:
        """Count an outcome; refit when there are enough new ones."""
        if np.isnan(self._rows[run, 0]):
            return
        self._judged.append(run)
        self._new += 1
        self._seen += 1
        if self._new >= max(_REFIT_RUNS, _REFIT_SHARE * self._seen) or self._seen == _FIRST_RUNS:
            rows, self._new = np.array(self._judged), 0
            self.weights = fit(self._rows[rows], self._failed[rows], self.weights)


def fit(rows: Floats, failed: Floats, weights: Floats) -> Floats:
    """Fit by Newton's method from ``weights``, with a ridge towards the forest's share alone.

    ``rows`` is (runs, features), the first of which is the logit of the forest's share.
    """
    start, weights = _start(rows.shape[1]), weights.copy()
    for _ in range(_NEWTON_STEPS):
        predicted = probability(rows, weights)
        slope = rows.T @ (failed - predicted) - _RIDGE * (weights - start)
        spread = (predicted * (1 - predicted))[:, None]
        weights += np.linalg.solve((rows * spread).T @ rows + _RIDGE * np.eye(len(start)), slope)
    return weights


def _start(size: int) -> Floats:
    start: Floats = np.eye(size)[0]
    return start


def probability(rows: Floats, weights: Floats) -> Floats:
    """Return the probabilities of (runs, features)."""
    probabilities: Floats = 1 / (1 + np.exp(-np.clip(rows @ weights, -30, 30)))
    return probabilities


def logit(shares: Floats) -> Floats:
    """Return the logits of shares, which are clipped a little inside 0 and 1."""
    inside = np.clip(shares, _MIN_SHARE, 1 - _MIN_SHARE)
    logits: Floats = np.log(inside / (1 - inside))
    return logits
