"""Reads a Standard Workload Format log (Chapin et al. 1999) as the use that its jobs made."""

from __future__ import annotations

import gzip
from collections import Counter
from pathlib import Path

import pandas as pd

from analytics.demand.hourly import HOUR_SECONDS, HourlyUse, hourly

_RUN, _PROCS, _USED_KIB, _ASKED_PROCS, _USER = 3, 4, 6, 7, 11
BUSIEST = 3


def uses(history: Path) -> list[tuple[str, HourlyUse]]:
    """Return (user, use) of every job that ran, in the order in which they were submitted."""
    opened = gzip.open if history.suffix == ".gz" else open
    with opened(history, "rt", encoding="utf-8", errors="replace") as lines:
        rows = [line.split() for line in lines if line.strip() and not line.startswith(";")]
    return [_use([float(field) for field in row]) for row in rows if float(row[_RUN]) > 0]


def _use(job: list[float]) -> tuple[str, HourlyUse]:
    started_at = job[1] + max(job[2], 0.0)
    procs = max(job[_PROCS], job[_ASKED_PROCS], 1.0)
    memory_mib = max(job[_USED_KIB], 0.0) * procs / 1024
    use = HourlyUse(started_at, started_at + job[_RUN], cpus=procs, memory_mib=memory_mib)
    return f"user {job[_USER]:.0f}", use


def series(history: Path) -> pd.DataFrame:
    """Return hourly totals, those of narrow and of wide jobs, and the busiest users' processors.

    The log's first and last percent of jobs are left out: machines are filled and emptied then.
    """
    user_uses = uses(history)
    starts = sorted(use.started_at for _, use in user_uses)
    since, until = starts[len(starts) // 100], starts[-len(starts) // 100]
    table = hourly((use for _, use in user_uses), since, until)
    totals = table.loc[:, (table > 0).any()].copy()
    middle = sorted(use.cpus for _, use in user_uses)[len(user_uses) // 2]
    for name, is_wide in (("narrow", False), ("wide", True)):
        partial = hourly(
            (use for _, use in user_uses if (use.cpus > middle) == is_wide), since, until
        )
        totals[f"runs, {name}"], totals[f"cpus, {name}"] = partial["runs"], partial["cpus"]
    cpu_hours: Counter[str] = Counter()
    for user, use in user_uses:
        cpu_hours[user] += int(use.cpus * ((use.ended_at or 0) - use.started_at) / HOUR_SECONDS)
    for user, _ in cpu_hours.most_common(BUSIEST):
        partial = hourly((use for who, use in user_uses if who == user), since, until)
        totals[f"cpus of {user}"] = partial["cpus"]
    return totals
