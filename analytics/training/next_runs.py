"""The estimates of the next run of every key, which training publishes.

The next run is appended to the history as one that is submitted now, has the demand of the key's
last run, and has not ended. So the models forecast it like any other run.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from analytics.durations.model_selection import MODEL, ModelSelection
from analytics.durations.rolling import Forecasts
from analytics.failures.explanation import explain
from analytics.failures.model import Failures
from analytics.failures.skill import beats_base_rate
from analytics.history.columns import CENSORED, worded
from analytics.statistics.conformal import LEVELS
from tasks.estimates import Estimate

SOURCE = "trained"
RECENT_RUNS = 20
_NEAR_LOG = 0.1


@dataclass(frozen=True, slots=True)
class Expected:
    """The estimate of the next run of a key on one kind of provider, and the rule behind it."""

    kind: str
    estimate: Estimate
    rule: str


def with_next_runs(table: pd.DataFrame, now: float) -> pd.DataFrame:
    """Append one run for each key that has succeeded, submitted at ``now`` or after all others."""
    succeeded = table[table["state"] == "succeeded"]
    rows = succeeded.groupby(["kind", "key"], sort=True).tail(1).copy()
    latest = table[["submitted_at", "ended_at"]].max().max()
    rows["submitted_at"] = max(now, float(latest) + 1.0) if len(rows) else now
    for name in ("started_at", "ended_at", "seconds", "memory_mib"):
        rows[name] = np.nan
    rows["state"], rows["is_trainable"] = "running", False
    return pd.concat([table, rows], ignore_index=True)


def next_runs(
    forecasts: Forecasts, failures: Failures, number: int, selection: ModelSelection
) -> list[Expected]:
    """Return the estimates of the last ``number`` rows, which ``with_next_runs`` appended.

    Where a simple rule was selected, its value is the median, within the model's bounds.
    """
    table = forecasts.table
    ended = table[~table["state"].isin(CENSORED)]
    succeeded = ended[ended["state"] == "succeeded"].groupby(["kind", "key"])
    counts, runs = succeeded.size(), ended.groupby(["kind", "key"]).size()
    memory = succeeded["memory_mib"].apply(lambda values: values.tail(RECENT_RUNS).max())
    bounds = dict(zip(LEVELS.tolist(), forecasts.bounds.T, strict=True))
    has_skill = beats_base_rate(failures)
    why = explain(failures, range(len(table) - number, len(table))) if has_skill else {}
    expected = []
    for row in range(len(table) - number, len(table)):
        group = (table["kind"].iloc[row], table["key"].iloc[row])
        n = int(counts[group])
        success = (n + 2) / (int(runs[group]) + 2)
        if has_skill and not np.isnan(risk := failures.of(row)):
            success = 1 - risk
        p50 = _middle(forecasts.point[row], bounds[0.5][row])
        rule = forecasts.rules[forecasts.rule[row]]
        if selection.selected != MODEL:
            rule = selection.selected
            p50 = float(
                np.exp(
                    forecasts.run_features.rules[row, forecasts.run_features.rule_names.index(rule)]
                )
            )
        p80, p90, p95 = (max(p50, float(bounds[level][row])) for level in (0.8, 0.9, 0.95))
        estimate = Estimate(
            key=group[1],
            p50_seconds=p50,
            p90_seconds=p90,
            memory_mib=float(np.nan_to_num(memory[group])),
            success=success,
            n=n,
            source=SOURCE,
            p80_seconds=p80,
            p95_seconds=p95,
            rule=worded(rule),
            why=why.get(row, ""),
        )
        expected.append(Expected(group[0], estimate, rule))
    return expected


def _middle(point: float, median: float) -> float:
    """Return the point forecast if it is near the median, which is exact to a bin only."""
    is_near = abs(np.log(point) - np.log(median)) < _NEAR_LOG
    return float(point if is_near else median)
