"""The explanation of a likely failure, in one line: its reasons and its remedies."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from analytics.failures.model import Failures
from analytics.failures.reasons import Reason, Remedy, reasons, remedies
from analytics.history.columns import worded

LIKELY_RISK = 0.1
MAX_ROWS = 200
MIN_CHANGE = 0.01
_UNITS = {"cpus": "CPUs", "memory_mib": "memory", "limit_seconds": "time limit"}


def explain(failures: Failures, rows: Iterable[int]) -> dict[int, str]:
    """Return a line for each of these rows of the history that is likely to fail.

    An explanation takes milliseconds, so at most the 200 likeliest rows get one.
    """
    risks = {row: failures.of(row) for row in rows}
    likely = sorted(
        (row for row, risk in risks.items() if risk >= LIKELY_RISK), key=risks.__getitem__
    )
    at = {int(row): run for run, row in enumerate(failures.place)}
    return {
        row: line(risks[row], reasons(failures, at[row]), remedies(failures, at[row]))
        for row in likely[-MAX_ROWS:]
    }


def line(risk: float, reasons_of_run: Iterable[Reason], remedies_of_run: Iterable[Remedy]) -> str:
    """Return the line: the risk, the strongest reasons and the best remedies."""
    raising = [
        f"{worded(reason.feature)} {_number(reason.value)} ({reason.share:+.0%})"
        for reason in reasons_of_run
        if abs(reason.share) >= MIN_CHANGE
    ]
    helps = [
        f"{remedy.factor:g} x the {_UNITS.get(remedy.feature, remedy.feature)} would leave {remedy.probability:.0%}"
        for remedy in remedies_of_run
    ]
    text = f"fails {risk:.0%} of the time"
    if raising:
        text += f": {', '.join(raising)}"
    return f"{text}; {', '.join(helps[:2])}" if helps else text


def _number(value: float) -> str:
    return "unknown" if not np.isfinite(value) else f"{value:.2g}"
