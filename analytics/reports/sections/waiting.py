"""The section on waiting times: of flow runs for a worker, of ready steps for capacity."""

from __future__ import annotations

import numpy as np
import pandas as pd

from analytics.reports.data.model import Column, Figure, Section, Table
from analytics.reports.data.report_context import ReportContext
from analytics.reports.data.tables import ReportTables

# A shorter wait is not counted: it is the time that starting takes.
NOTICEABLE_SECONDS = 1.0


def flow_wait(quantile: float, tables: ReportTables) -> float | None:
    """Return a quantile of the seconds from when a flow run was due to when it began."""
    return _quantile(tables.flows["waited"], quantile)


def step_wait(quantile: float, tables: ReportTables) -> float | None:
    """Return a quantile of the seconds from when all that a step needs had ended to its start."""
    return _quantile(tables.steps["waited"], quantile)


def waiting_figures(context: ReportContext) -> tuple[Figure, ...]:
    """Return the 90th percentiles of the waiting times of flow runs and of steps."""
    return (
        context.figure(
            "flow runs wait (p90)",
            lambda tables: flow_wait(0.9, tables),
            "s",
            "less",
            note="from when they were due",
        ),
        context.figure(
            "steps wait (p90)",
            lambda tables: step_wait(0.9, tables),
            "s",
            "less",
            note="from when all they need had ended",
        ),
    )


def waiting_section(context: ReportContext) -> Section:
    """Return the waiting times by flow and by provider; empty if nothing waited."""
    tables = []
    tables_by_column = {"flow": context.now.flows, "provider": context.now.steps}
    for by, table in tables_by_column.items():
        rows = _rows(table, by)
        if rows:
            what = "Flow runs" if by == "flow" else "Steps, by the provider that they waited for"
            columns = (
                Column(by),
                Column("runs", "count"),
                Column("p50", "s"),
                Column("p90", "s"),
                Column("longest", "s"),
                Column("in all", "s"),
            )
            tables.append(Table(f"waiting-by-{by}", what, columns, rows, shown=8))
    waits = step_wait(1.0, context.now)
    sentences = (
        ("No step stood ready for longer than a second.",)
        if waits is not None and waits <= NOTICEABLE_SECONDS
        else ()
    )
    return Section("Waiting", sentences, tables=tuple(tables))


def _rows(table: pd.DataFrame, by: str) -> tuple[tuple[str | float, ...], ...]:
    rows = []
    for key, waits in table[table["waited"].notna()].groupby(by)["waited"]:
        if waits.max() > NOTICEABLE_SECONDS:
            p50, p90 = np.quantile(waits.to_numpy(float), (0.5, 0.9))
            row = (str(key), len(waits), float(p50), float(p90), float(waits.max()))
            rows.append((*row, float(waits.sum())))
    return tuple(sorted(rows, key=lambda row: -row[-1]))


def _quantile(waits: pd.Series[float], quantile: float) -> float | None:
    seconds = waits.dropna().to_numpy(float)
    return float(np.quantile(seconds, quantile)) if seconds.size else None
