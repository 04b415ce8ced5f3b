"""The reasons for a predicted failure, and the changes that would lower its probability."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from analytics.failures.model import Failures

# The features of a run that its user can change, and the factors that are tried on them.
CHANGEABLE = ("cpus", "memory_mib", "limit_seconds")
FACTORS = (0.5, 2.0, 4.0)
MIN_CHANGE = 0.01


@dataclass(frozen=True, slots=True)
class Reason:
    """The effect of one feature on the probability, compared with its usual value."""

    feature: str
    value: float
    share: float


@dataclass(frozen=True, slots=True)
class Remedy:
    """A change of one feature, and the probability of failure with that change."""

    feature: str
    factor: float
    probability: float


def reasons(failures: Failures, run: int, most: int = 3) -> list[Reason]:
    """Return the features that move one run's probability most, the strongest first.

    ``run`` is a row of ``failures.table``. Each feature in turn is replaced by its median over the
    history, while the others stay (occlusion).
    """
    if failures.forest is None:
        return []
    row = failures.features[run]
    variations = np.tile(row, (len(row) + 1, 1))
    np.fill_diagonal(variations[1:], failures.usual)
    probabilities = failures.would_be(run, variations)
    changes = probabilities[0] - probabilities[1:]
    order = np.argsort(-np.abs(changes), kind="stable")[:most]
    return [Reason(failures.names[at], float(row[at]), float(changes[at])) for at in order]


def remedies(failures: Failures, run: int, changeable: Sequence[str] = CHANGEABLE) -> list[Remedy]:
    """Return the changes that would lower one run's probability, the best first."""
    if failures.forest is None:
        return []
    row, names = failures.features[run], failures.names
    changes = [
        (name, factor)
        for name in changeable
        if name in names and np.isfinite(row[names.index(name)])
        for factor in FACTORS
    ]
    variations = np.tile(row, (len(changes) + 1, 1))
    for place, (name, factor) in enumerate(changes, start=1):
        variations[place, names.index(name)] = np.log1p(np.expm1(row[names.index(name)]) * factor)
    probabilities = failures.would_be(run, variations)
    better_changes = [
        Remedy(name, factor, float(probability))
        for (name, factor), probability in zip(changes, probabilities[1:], strict=True)
        if probability < probabilities[0] - MIN_CHANGE
    ]
    return sorted(better_changes, key=lambda remedy: remedy.probability)
