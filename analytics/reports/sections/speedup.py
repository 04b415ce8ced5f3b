"""What running steps side by side has saved against one after another."""

from __future__ import annotations

from analytics.reports.data.model import Figure
from analytics.reports.data.report_context import ReportContext
from analytics.reports.data.tables import ReportTables


def seconds_saved(tables: ReportTables) -> float | None:
    """Return the seconds saved: what all attempts took one by one, less what the runs took.

    Negative where waiting for capacity took more than running side by side has saved.
    """
    runs = tables.runs
    return None if runs.empty else float((runs["work"] - runs["took"]).sum())


def speedup(tables: ReportTables) -> float | None:
    """Return how many times as long one after another would have taken."""
    seconds = float(tables.runs["took"].sum())
    return float(tables.runs["work"].sum()) / seconds if seconds > 0 else None


def speedup_figures(context: ReportContext) -> tuple[Figure, ...]:
    """Return the time saved, and how many times faster that was."""
    return (
        context.figure("time saved", seconds_saved, "s", "more", "against one step after another"),
        context.figure("faster by", speedup, "ratio", "more", "than one step after another"),
    )
