"""The sections on outcomes: success rates with intervals; stopped and lost runs are separate."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

from analytics.reports.data.model import (
    Bars,
    Cell,
    Column,
    Figure,
    Range,
    Section,
    Span,
    StackedBars,
    Table,
)
from analytics.reports.data.period import grid
from analytics.reports.data.proportion import wilson
from analytics.reports.data.report_context import ReportContext
from analytics.reports.data.tables import ReportTables

# These states end by themselves, well or badly; runs in the others were stopped or lost.
BY_ITSELF = ("succeeded", "failed", "timed_out", "out_of_memory")
STATES = (*BY_ITSELF, "crashed", "lost", "preempted", "cancelled")
NAMES = {"timed_out": "timed out", "out_of_memory": "out of memory"}
MAX_BARS = 12


def success(table: pd.DataFrame) -> float | None:
    """Return the success rate of the runs that ended by themselves; None if none did."""
    states = table["state"][table["state"].isin(BY_ITSELF)]
    return None if states.empty else float((states == "succeeded").mean())


def flow_success(tables: ReportTables) -> float | None:
    """Return the share of the flow runs that succeeded."""
    return success(tables.flows)


def step_success(tables: ReportTables) -> float | None:
    """Return the share of the attempts at steps that succeeded."""
    return success(tables.steps)


def run_success(tables: ReportTables) -> float | None:
    """Return the share of the workload runs that succeeded."""
    return success(tables.runs)


def success_figures(context: ReportContext) -> tuple[Figure, ...]:
    """Return the three rates of success: of flow runs, workload runs and attempts at steps."""
    rates = (
        ("flow runs", flow_success),
        ("workload runs", run_success),
        ("attempts at steps", step_success),
    )
    note = "of what ended by itself"
    return tuple(
        context.figure(f"{what} succeeded", rate, "share", "more", note) for what, rate in rates
    )


def success_section(
    name: str, title: str, now: pd.DataFrame, before: pd.DataFrame | None, by: str
) -> Section:
    """Return the success rates by the names in column ``by``, the lowest first."""
    rows = sorted(_rows(now, before, by), key=lambda row: (_share(row[3]), -_count(row[1])))
    if not rows:
        return Section(title)
    columns = (
        Column(by),
        Column("ended", "count"),
        Column("failed", "count"),
        Column("succeeded", "share"),
        Column("before", "share"),
        Column("crashed or lost", "count"),
        Column("cancelled", "count"),
    )
    note = "Of what ended by itself, with the 95 % interval of Wilson."
    table = Table(f"success-of-{name}", title, columns, tuple(rows), note)
    failing = [row for row in rows if _share(row[3]) < 1][:MAX_BARS]
    if not failing:
        sentence = f"None of the {name} has failed."
        return Section(title, (sentence,), tables=(table,))
    shares = [row[3] for row in failing]
    bars = Bars(
        f"success-of-{name}",
        f"Share that succeeded, with its 95 % interval: {name} that failed",
        "share",
        tuple(str(row[0]) for row in failing),
        tuple(_share(cell) for cell in shares),
        low=tuple(cell.low for cell in shares if isinstance(cell, Range)),
        high=tuple(cell.high for cell in shares if isinstance(cell, Range)),
    )
    return Section(title, charts=(bars,), tables=(table,))


def states_over_time(name: str, what: str, table: pd.DataFrame, span: Span) -> StackedBars | None:
    """Return how many of ``what`` ended each day or week, by state; None if none did."""
    if table.empty:
        return None
    columns = grid(span)
    counted = table.groupby([columns.start_of(table["ended_at"]), "state"]).size()
    series = []
    for state in STATES:
        counts = tuple(float(counted.get((at, state), 0)) for at in columns.starts)
        if any(counts):
            series.append((NAMES.get(state, state), counts))
    title = f"{what} that ended each {columns.name}"
    return StackedBars(name, title, "count", columns.starts, columns.width_seconds, tuple(series))


def _rows(now: pd.DataFrame, before: pd.DataFrame | None, by: str) -> Iterable[tuple[Cell, ...]]:
    earlier = {} if before is None else dict(iter(before.groupby(by)))
    for key, runs_of_key in now.groupby(by):
        states = runs_of_key["state"]
        ended = int(states.isin(BY_ITSELF).sum())
        succeeded = int((states == "succeeded").sum())
        yield (
            str(key),
            ended,
            ended - succeeded,
            wilson(succeeded, ended),
            success(earlier[key]) if key in earlier else None,
            int(states.isin(("crashed", "lost", "preempted")).sum()),
            int((states == "cancelled").sum()),
        )


def _share(cell: Cell) -> float:
    return cell.value if isinstance(cell, Range) else 1.0


def _count(cell: Cell) -> int:
    return cell if isinstance(cell, int) else 0
