"""The cost of each step on each provider, from which the cost of a plan is computed; pure."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tasks.planning.core.problem import Floats, Integers, Problem


@dataclass(frozen=True, slots=True, eq=False)
class Costs:
    """The expected cost of each step on each provider, also where a plan lets it last longer.

    Attributes:
        by_provider: float64[n, p], ``inf`` where a step may not run.
    """

    by_provider: Floats

    @classmethod
    def of(cls, problem: Problem) -> Costs:
        """Return the costs at the durations of ``problem``."""
        allowed = np.isfinite(problem.seconds)
        return cls(np.where(allowed, np.where(allowed, problem.seconds, 0) * problem.price, np.inf))

    @property
    def uneven(self) -> bool:
        """Whether any step costs more on one provider than on another."""
        return bool((self._dearest > self.by_provider.min(axis=1) * (1 + 1e-9)).any())

    @property
    def _dearest(self) -> Floats:
        finite = np.where(np.isfinite(self.by_provider), self.by_provider, 0.0)
        return np.asarray(finite.max(axis=1))

    @property
    def least(self) -> float:
        """The cost of the cheapest plan."""
        return float(self.by_provider.min(axis=1).sum())

    @property
    def most(self) -> float:
        """The cost that no plan exceeds."""
        return float(self._dearest.sum())

    def total(self, provider: Integers) -> float:
        """Return the cost of a plan with these providers, int32[n]."""
        return float(self.by_provider[np.arange(len(provider)), provider].sum())
