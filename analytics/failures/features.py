"""Failure features of runs: recent shares of failures, streaks, and distances to the time limit.

Each is computed from the similar runs that had ended when a run was about to start.
"""

from __future__ import annotations

from math import nan

import numpy as np
import pandas as pd

from analytics.history.columns import LIMIT
from analytics.history.features import MIN_SECONDS, RULES, RunFeatures, logs, moments
from analytics.history.run_context import groups
from analytics.statistics.averages import Floats

_SLOW_DECAY = 0.97
_FAST_DECAY = 0.8
_FACTS = (
    "share of failures",
    "late share of failures",
    "streak",
    "last failure to limit",
    "last to limit",
    "runs lately",
)
_USUAL_SHARE = 0.25


class _GroupFailures:
    """The recent failures of the runs of one group."""

    __slots__ = ("failed_at", "fast", "last", "slow", "streak")

    def __init__(self) -> None:
        self.slow, self.fast = (0.0, 0.0), (0.0, 0.0)
        self.streak, self.failed_at, self.last = 0, nan, nan

    def facts(self, limit: float) -> tuple[float, ...]:
        """Return the values of ``_FACTS``; ``limit`` is a logarithm, NaN where there is none."""
        return (
            _share(self.slow, 2.0),
            _share(self.fast, 1.0),
            float(self.streak),
            self.failed_at - limit,
            self.last,
            self.slow[1],
        )

    def update(self, value: float, limit: float, *, failed: bool) -> None:
        """Count a run that ended after ``value``, a logarithm."""
        self.slow = (self.slow[0] * _SLOW_DECAY + failed, self.slow[1] * _SLOW_DECAY + 1)
        self.fast = (self.fast[0] * _FAST_DECAY + failed, self.fast[1] * _FAST_DECAY + 1)
        same = (self.streak > 0) == failed
        step = 1 if failed else -1
        self.streak = self.streak + step if same else step
        self.failed_at = value if failed else self.failed_at
        self.last = value - limit


def _share(counts: tuple[float, float], weight: float) -> float:
    return (counts[0] + weight * _USUAL_SHARE) / (counts[1] + weight)


def failure_features(
    table: pd.DataFrame, failed: Floats, features: RunFeatures
) -> tuple[Floats, tuple[str, ...]]:
    """Return (runs, features) and their names; ``failed`` is 1, 0, or NaN for censored runs."""
    levels = {level: codes.tolist() for level, codes in groups(table).items()}
    value = logs(table["seconds"])
    limit = np.full(len(table), np.nan)
    if LIMIT in table:
        limit = np.log(np.maximum(table[LIMIT].to_numpy(float), MIN_SECONDS))
    groups_by_level: list[dict[int, _GroupFailures]] = [{} for _ in levels]
    facts_of_runs = np.full((len(table), len(_FACTS) * len(levels)), np.nan)
    submitted, ended = table["submitted_at"].to_numpy(float), table["ended_at"].to_numpy(float)
    for run, is_end in moments(submitted, ended):
        if is_end and np.isnan(failed[run]):
            continue
        facts: list[float] = []
        for groups_by_code, codes in zip(groups_by_level, levels.values(), strict=True):
            group = groups_by_code.setdefault(codes[run], _GroupFailures())
            if is_end:
                group.update(value[run], limit[run], failed=bool(failed[run]))
            else:
                facts += group.facts(limit[run])
        if not is_end:
            facts_of_runs[run] = facts
    near_rules = [f"{rule} of {level}" for level in levels for rule in (RULES[0], RULES[2])]
    ratios = (
        features.rules[:, [features.rule_names.index(name) for name in near_rules]] - limit[:, None]
    )
    names = (f"{fact} of {level}" for level in levels for fact in _FACTS)
    return np.column_stack([facts_of_runs, ratios]), (
        *names,
        *(f"{name} to limit" for name in near_rules),
    )
