"""Why the next run of a key may fail, in one line: what raises the probability, what would lower it."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from analytics.failures.model import Failures
from analytics.failures.reasons import Reason, Remedy, reasons, remedies
from analytics.history.columns import worded

LIKELY = 0.1
MOST = 200
WORTH = 0.01
_UNITS = {"cpus": "CPUs", "memory_mib": "memory", "limit_seconds": "time limit"}


def explained(found: Failures, rows: Iterable[int]) -> dict[int, str]:
    """Return a line for each of these rows of the history that is likely to fail, the likeliest.

    Explaining one takes milliseconds, so that of many only the 200 likeliest are.
    """
    risks = {row: found.of(row) for row in rows}
    likely = sorted((row for row, risk in risks.items() if risk >= LIKELY), key=risks.__getitem__)
    at = {int(row): run for run, row in enumerate(found.place)}
    return {
        row: line(risks[row], reasons(found, at[row]), remedies(found, at[row]))
        for row in likely[-MOST:]
    }


def line(risk: float, why: Iterable[Reason], better: Iterable[Remedy]) -> str:
    """Say it."""
    moved = [
        f"{worded(one.feature)} {_number(one.value)} ({one.share:+.0%})"
        for one in why
        if abs(one.share) >= WORTH
    ]
    helps = [
        f"{one.factor:g} x the {_UNITS.get(one.feature, one.feature)} would leave {one.probability:.0%}"
        for one in better
    ]
    said = f"fails {risk:.0%} of the time"
    if moved:
        said += f": {', '.join(moved)}"
    return f"{said}; {', '.join(helps[:2])}" if helps else said


def _number(value: float) -> str:
    return "unknown" if not np.isfinite(value) else f"{value:.2g}"
