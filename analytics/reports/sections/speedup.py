"""The figures on speedup: the time saved by running steps in parallel."""

from __future__ import annotations

from analytics.reports.data.model import Figure
from analytics.reports.data.report_context import ReportContext
from analytics.reports.data.tables import ReportTables


def seconds_saved(tables: ReportTables) -> float | None:
    """Return the seconds saved: the total duration of all attempts minus that of the runs.

    It is negative where waiting for capacity took more time than running in parallel saved.
    """
    runs = tables.runs
    return None if runs.empty else float((runs["work"] - runs["took"]).sum())


def speedup(tables: ReportTables) -> float | None:
    """Return the ratio of the total duration of all attempts to that of the runs."""
    seconds = float(tables.runs["took"].sum())
    return float(tables.runs["work"].sum()) / seconds if seconds > 0 else None


def speedup_figures(context: ReportContext) -> tuple[Figure, ...]:
    """Return the time saved and the speedup."""
    return (
        context.figure("time saved", seconds_saved, "s", "more", "against one step after another"),
        context.figure("faster by", speedup, "ratio", "more", "than one step after another"),
    )
