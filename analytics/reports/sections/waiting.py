"""What stood ready and waited: flow runs for a worker, steps for capacity."""

from __future__ import annotations

import numpy as np
import pandas as pd

from analytics.reports.data.model import Column, Figure, Section, Table
from analytics.reports.data.report_context import ReportContext
from analytics.reports.data.tables import ReportTables

# Below this nobody waits: it is what starting takes.
NOTICEABLE_SECONDS = 1.0


def flow_wait(quantile: float, of: ReportTables) -> float | None:
    """Return a quantile of the seconds from when a flow run was due to when it began."""
    return _quantile(of.flows["waited"], quantile)


def step_wait(quantile: float, of: ReportTables) -> float | None:
    """Return a quantile of the seconds from when all that a step needs had ended to its start."""
    return _quantile(of.steps["waited"], quantile)


def waiting_figures(made_from: ReportContext) -> tuple[Figure, ...]:
    """Return how long flow runs and steps waited, nine times in ten no longer."""
    return (
        made_from.figure(
            "flow runs wait (p90)",
            lambda one: flow_wait(0.9, one),
            "s",
            "less",
            note="from when they were due",
        ),
        made_from.figure(
            "steps wait (p90)",
            lambda one: step_wait(0.9, one),
            "s",
            "less",
            note="from when all they need had ended",
        ),
    )


def waiting_section(made_from: ReportContext) -> Section:
    """Return who waited how long; nothing where nothing did."""
    tables = []
    of = {"flow": made_from.now.flows, "provider": made_from.now.steps}
    for by, table in of.items():
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
    waits = step_wait(1.0, made_from.now)
    said = (
        ("No step stood ready for longer than a second.",)
        if waits is not None and waits <= NOTICEABLE_SECONDS
        else ()
    )
    return Section("Waiting", said, tables=tuple(tables))


def _rows(table: pd.DataFrame, by: str) -> tuple[tuple[str | float, ...], ...]:
    found = []
    for key, waits in table[table["waited"].notna()].groupby(by)["waited"]:
        if waits.max() > NOTICEABLE_SECONDS:
            p50, p90 = np.quantile(waits.to_numpy(float), (0.5, 0.9))
            row = (str(key), len(waits), float(p50), float(p90), float(waits.max()))
            found.append((*row, float(waits.sum())))
    return tuple(sorted(found, key=lambda row: -row[-1]))


def _quantile(waits: pd.Series[float], quantile: float) -> float | None:
    known = waits.dropna().to_numpy(float)
    return float(np.quantile(known, quantile)) if known.size else None
