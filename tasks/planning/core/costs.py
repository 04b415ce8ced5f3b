"""What each step costs where: what a plan's money is reckoned by. Pure."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tasks.planning.core.problem import Floats, Integers, Problem


@dataclass(frozen=True, slots=True, eq=False)
class Costs:
    """What each step costs where: float64[n, p], ``inf`` where it may not run.

    It is what steps cost as expected, also where they are planned to last longer.
    """

    each: Floats

    @classmethod
    def of(cls, problem: Problem) -> Costs:
        """Return the costs at the durations of ``problem``."""
        runs = np.isfinite(problem.seconds)
        return cls(np.where(runs, np.where(runs, problem.seconds, 0) * problem.price, np.inf))

    @property
    def uneven(self) -> bool:
        """Whether any step costs more on one provider than on another."""
        return bool((self._dearest > self.each.min(axis=1) * (1 + 1e-9)).any())

    @property
    def _dearest(self) -> Floats:
        return np.asarray(np.where(np.isfinite(self.each), self.each, 0.0).max(axis=1))

    @property
    def least(self) -> float:
        """What the cheapest plan costs."""
        return float(self.each.min(axis=1).sum())

    @property
    def most(self) -> float:
        """What no plan exceeds."""
        return float(self._dearest.sum())

    def total(self, provider: Integers) -> float:
        """Return what a plan with these providers, int32[n], costs."""
        return float(self.each[np.arange(len(provider)), provider].sum())
