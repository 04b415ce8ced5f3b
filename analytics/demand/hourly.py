"""The hourly table of usage: runs, slots, CPU, memory, tokens and money."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analytics.statistics.seasonal import Values

HOUR_SECONDS = 3600.0
HELD = ("slots", "cpus", "memory_mib")
SPENT = ("tokens", "money")


@dataclass(frozen=True, slots=True)
class HourlyUse:
    """The resources that one run held, and what it spent in total; times are epoch seconds.

    A run that is still going has no ``ended_at``.
    """

    started_at: float
    ended_at: float | None
    slots: float = 1.0
    cpus: float = 0.0
    memory_mib: float = 0.0
    tokens: float = 0.0
    money: float = 0.0


def hourly(uses: Iterable[HourlyUse], since: float, until: float) -> pd.DataFrame:
    """Return one row for each whole hour from ``since`` to ``until``, indexed by its epoch second.

    ``runs`` is the number of starts in that hour; ``slots``, ``cpus`` and ``memory_mib`` are
    averages over it; ``tokens`` and ``money`` were spent in it, evenly over each run's duration.
    """
    begun_uses = [use for use in uses if use.started_at < until]
    first, hours = (
        int(since // HOUR_SECONDS),
        max(0, int(until // HOUR_SECONDS) - int(since // HOUR_SECONDS)),
    )
    starts = np.array([use.started_at for use in begun_uses]) / HOUR_SECONDS - first
    ended = [until if use.ended_at is None else min(use.ended_at, until) for use in begun_uses]
    # A run without duration would hold nothing and spend nothing.
    ends = np.maximum(np.array(ended) / HOUR_SECONDS - first, starts + 1e-6)
    inside = (starts >= 0) & (starts < hours)
    starts_per_hour = np.bincount(starts[inside].astype(int), minlength=hours)[:hours]
    columns = {"runs": starts_per_hour.astype(float)}
    for name in HELD + SPENT:
        amounts = np.array([getattr(use, name) for use in begun_uses], dtype=float)
        rates = amounts if name in HELD else amounts / (ends - starts)
        columns[name] = _area(starts, ends, rates, hours)
    index = pd.Index((first + np.arange(hours)) * HOUR_SECONDS, name="hour")
    return pd.DataFrame(columns, index=index, dtype=float)


def _area(starts: Values, ends: Values, rates: Values, hours: int) -> Values:
    """Return the integral of the rates over each hour; times in hours, rates per hour."""
    changes = np.zeros(hours + 2)
    for times, steps in ((starts, rates), (ends, -rates)):
        clipped = np.clip(times, 0.0, hours)
        whole = clipped.astype(int)
        part = clipped - whole
        # A change counts for the rest of its hour, and in full from the next hour on.
        np.add.at(changes, whole, steps * (1 - part))
        np.add.at(changes, whole + 1, steps * part)
    # Rounding may leave a sum a little below zero.
    return np.maximum(np.cumsum(changes)[:hours], 0.0)
