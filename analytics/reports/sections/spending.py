"""The sections on spending by project, workload, step and provider, in money or else in time."""

from __future__ import annotations

import pandas as pd

from analytics.reports.data.model import (
    Bars,
    Cell,
    Column,
    Figure,
    Section,
    StackedBars,
    Table,
    Unit,
)
from analytics.reports.data.period import grid
from analytics.reports.data.report_context import ReportContext
from analytics.reports.data.tables import ReportTables

MAX_BARS = 10
MAX_SERIES = 5
OTHERS = "all others"


def total_cost(tables: ReportTables) -> float:
    """Return what all attempts cost, in the currency of the providers' prices."""
    return float(tables.steps["cost"].sum())


def has_prices(context: ReportContext) -> bool:
    """Return whether any step has a cost; otherwise time is shown instead of money."""
    earlier = context.before.steps["cost"].gt(0).any() if context.before is not None else False
    return bool(context.now.steps["cost"].gt(0).any() or earlier)


def total_seconds(tables: ReportTables) -> float:
    """Return the seconds that steps ran for, all attempts."""
    return float(tables.steps["seconds"].sum())


def _share_in_vain(tables: ReportTables) -> float | None:
    steps = tables.steps
    total = float(steps["seconds"].sum())
    lost = steps[steps["state"] != "succeeded"]
    return float(lost["seconds"].sum()) / total if total else None


def spending_figures(context: ReportContext) -> tuple[Figure, ...]:
    """Return the total spending, that of each workload run, and the share in vain."""
    runs = (
        context.figure("steps ran for", total_seconds, "s"),
        context.figure(
            "in vain", _share_in_vain, "share", "less", note="time of attempts that did not succeed"
        ),
    )
    if not has_prices(context):
        return runs
    return (
        context.figure("spent", total_cost, "money", "less", "in the currency of the prices"),
        context.figure(
            "spent a workload run",
            lambda tables: total_cost(tables) / len(tables.runs) if len(tables.runs) else None,
            "money",
            "less",
        ),
        *runs,
    )


def spending_over_time(context: ReportContext) -> StackedBars | None:
    """Return the spending of each day or week by project, in money or time; None without steps."""
    steps = context.now.steps
    if steps.empty:
        return None
    column, unit = _measure(context)
    columns = grid(context.span)
    most = steps.groupby("project")[column].sum().nlargest(MAX_SERIES).index.to_list()
    projects = steps["project"].where(steps["project"].isin(most), OTHERS)
    sums = steps.groupby([columns.start_of(steps["ended_at"]), projects])[column].sum()
    series = tuple(
        (str(name), tuple(float(sums.get((at, name), 0.0)) for at in columns.starts))
        for name in (*most, *([OTHERS] if OTHERS in set(projects) else []))
    )
    what = "Spent" if unit == "money" else "Time of steps"
    title = f"{what} each {columns.name} by project"
    return StackedBars("spent", title, unit, columns.starts, columns.width_seconds, series)


def spending_sections(context: ReportContext) -> tuple[Section, ...]:
    """Return the spending of each project, workload, step and provider."""
    steps = context.now.steps
    if steps.empty:
        return (Section("Spending"),)
    sentences = () if has_prices(context) else (_FREE,)
    workload = {"workload": steps["project"] + "/" + steps["workload"]}
    tables = tuple(
        _table(context, name, table)
        for name, table in (
            ("project", steps),
            ("workload", steps.assign(**workload)),
            ("provider", steps),
            ("key", steps),
        )
    )
    charts = tuple(
        chart for chart in (spending_over_time(context), _bars(context)) if chart is not None
    )
    return (Section("Spending", sentences, charts, tables),)


_FREE = (
    "No provider that was used has a price, so nothing cost anything: time stands for money. "
    "Give providers their `price_per_hour` to see money here."
)


def _table(context: ReportContext, by: str, now: pd.DataFrame) -> Table:
    before = None if context.before is None else context.before.steps
    if before is not None and by == "workload":
        before = before.assign(workload=before["project"] + "/" + before["workload"])
    earlier = {} if before is None else before.groupby(by)[["cost", "seconds"]].sum().to_dict()
    column, unit = _measure(context)
    rows: list[tuple[float, tuple[Cell, ...]]] = []
    for key, steps in now.groupby(by):
        amount = float(steps[column].sum())
        was = float(earlier[column].get(key, 0.0)) if earlier else None
        growth = amount / was - 1 if was else None
        counts = (steps["run"].nunique(), len(steps))
        rows.append((amount, (str(key), *counts, *_amounts(steps, unit), growth)))
    columns = (
        Column(by),
        Column("runs", "count"),
        Column("attempts", "count"),
        *((Column("spent", "money"),) if unit == "money" else ()),
        Column("ran for", "s"),
        Column("CPU time", "s"),
        Column("change", "change"),
    )
    ordered = tuple(row for _, row in sorted(rows, key=lambda item: -item[0]))
    return Table(f"spent-by-{by}", f"By {'step' if by == 'key' else by}", columns, ordered, shown=8)


def _amounts(steps: pd.DataFrame, unit: Unit) -> tuple[Cell, ...]:
    times = (float(steps["seconds"].sum()), float(steps["cpu_seconds"].sum()))
    return (float(steps["cost"].sum()), *times) if unit == "money" else times


def _bars(context: ReportContext) -> Bars | None:
    steps = context.now.steps
    column, unit = _measure(context)
    amounts = steps.groupby(steps["project"] + "/" + steps["workload"])[column].sum()
    if len(amounts) < 2:  # noqa: PLR2004 - one bar compares nothing
        return None
    most = amounts.nlargest(MAX_BARS)
    title = "Spent by workload" if unit == "money" else "Time of steps by workload"
    labels = tuple(map(str, most.index.to_list()))
    return Bars("spent-by-workload", title, unit, labels, tuple(most.to_list()))


def _measure(context: ReportContext) -> tuple[str, Unit]:
    return ("cost", "money") if has_prices(context) else ("seconds", "s")
