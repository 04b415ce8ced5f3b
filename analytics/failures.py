"""How likely a run is to fail, said before it starts, with its reasons and what would lower it.

A forest of what had ended gives a share of failures; a logistic curve (Platt 1999), fitted to how
the latest such shares came out, makes it a probability. Runs that were cancelled or lost are
neither failures nor successes.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analytics.columns import CENSORED
from analytics.forest import Floats, Forest, Matrix
from analytics.past import Past, moments, past
from analytics.rolling import Growing

LEAF = 10
_JUDGED, _REFIT, _FEWEST = 4000, 200, 100
_ROUNDS, _RIDGE = 8, 1.0
_LEAST = 1e-3
# What a user can change of a run, and by which factors it is tried.
CHANGEABLE = ("cpus", "memory_mib", "limit_seconds")
FACTORS = (0.5, 2.0, 4.0)


@dataclass(frozen=True, slots=True)
class Curve:
    """The logistic curve from the logit of a share to the logit of a probability."""

    slope: float = 1.0
    offset: float = 0.0

    def __call__(self, shares: Floats) -> Floats:
        """Return probabilities for ``shares`` from 0 to 1."""
        return 1 / (1 + np.exp(-(self.slope * _logit(shares) + self.offset)))


@dataclass(frozen=True, slots=True)
class Failures:
    """The probability of failure of each run of a history; NaN where it abstained.

    ``failed`` is 1 or 0, NaN for what says neither; ``forest`` and ``curve`` are the last ones.
    """

    probability: Floats
    failed: Floats
    past: Past
    forest: Forest | None
    curve: Curve


@dataclass(frozen=True, slots=True)
class Reason:
    """What one feature does to the probability: the difference to its usual value."""

    feature: str
    value: float
    share: float


@dataclass(frozen=True, slots=True)
class Remedy:
    """A change of one feature, and the probability of failure that it would leave."""

    feature: str
    factor: float
    probability: float


def foresee(table: pd.DataFrame, known: Past | None = None) -> Failures:
    """Return the probability of failure of every run from what had ended at its submission."""
    known = known or past(table)
    failed = np.where(table["state"] == "succeeded", 0.0, 1.0)
    failed[table["state"].isin(CENSORED).to_numpy()] = np.nan
    failed[table["ended_at"].isna().to_numpy()] = np.nan
    submitted, ended = table["submitted_at"].to_numpy(float), table["ended_at"].to_numpy(float)
    bins = np.nan_to_num(failed).astype(np.int64)
    growing = Growing(known.features, bins, classes=2, leaf=LEAF)
    shares, found = np.full(len(table), np.nan), np.full(len(table), np.nan)
    judged: deque[int] = deque(maxlen=_JUDGED)
    curve, fresh = Curve(), 0
    for run, is_end in moments(submitted, ended):
        if not is_end:
            if (distribution := growing.distribution(run)) is not None:
                shares[run] = distribution[1]
                found[run] = curve(shares[run : run + 1])[0]
        elif not np.isnan(failed[run]):
            growing.ended(run)
            if not np.isnan(shares[run]):
                judged.append(run)
                fresh += 1
            if fresh >= _REFIT or (len(judged) == _FEWEST and fresh):
                rows = np.array(judged)
                curve, fresh = fit(shares[rows], failed[rows]), 0
    return Failures(found, failed, known, growing.forest, curve)


def fit(shares: Floats, failed: Floats) -> Curve:
    """Fit the curve to shares and to what came of them (1 failed, 0 not), by Newton's method.

    A ridge holds it near the identity, so that few outcomes do not bend it far.
    """
    rows = np.column_stack([_logit(shares), np.ones(len(shares))])
    start = np.array([1.0, 0.0])
    weights = start.copy()
    for _ in range(_ROUNDS):
        said = 1 / (1 + np.exp(-np.clip(rows @ weights, -30, 30)))
        slope = rows.T @ (failed - said) - _RIDGE * (weights - start)
        curvature = (rows * (said * (1 - said))[:, None]).T @ rows + _RIDGE * np.eye(2)
        weights += np.linalg.solve(curvature, slope)
    return Curve(max(0.0, float(weights[0])), float(weights[1]))


def reasons(found: Failures, run: int, most: int = 3) -> list[Reason]:
    """Return the features that move one run's probability most, the strongest first.

    Each is replaced by its median over the history, the others as they are (occlusion).
    """
    if found.forest is None:
        return []
    row = found.past.features[run]
    usual = _usual(found.past.features)
    tried = np.tile(row, (len(row) + 1, 1))
    np.fill_diagonal(tried[1:], usual)
    said = found.curve(found.forest.distribution(tried)[:, 1].astype(float))
    shares = said[0] - said[1:]
    order = np.argsort(-np.abs(shares), kind="stable")[:most]
    return [Reason(found.past.names[at], float(row[at]), float(shares[at])) for at in order]


def remedies(found: Failures, run: int, changeable: Sequence[str] = CHANGEABLE) -> list[Remedy]:
    """Return the changes that would lower one run's probability, the best first."""
    if found.forest is None:
        return []
    row, names = found.past.features[run], found.past.names
    changes = [
        (name, factor)
        for name in changeable
        if name in names and np.isfinite(row[names.index(name)])
        for factor in FACTORS
    ]
    tried = np.tile(row, (len(changes) + 1, 1))
    for place, (name, factor) in enumerate(changes, start=1):
        tried[place, names.index(name)] = np.log1p(np.expm1(row[names.index(name)]) * factor)
    said = found.curve(found.forest.distribution(tried)[:, 1].astype(float))
    better = [
        Remedy(name, factor, float(left))
        for (name, factor), left in zip(changes, said[1:], strict=True)
        if left < said[0] - 0.01
    ]
    return sorted(better, key=lambda remedy: remedy.probability)


def _usual(features: Matrix) -> Matrix:
    return pd.DataFrame(features).median().to_numpy(np.float32)


def _logit(shares: Floats) -> Floats:
    inside = np.clip(shares, _LEAST, 1 - _LEAST)
    return np.log(inside / (1 - inside))
