"""The section on plan against actual: the durations of workloads and of their steps."""

from __future__ import annotations

import pandas as pd

from analytics.reports.data.model import Column, Figure, Pairs, Section, Table
from analytics.reports.data.report_context import ReportContext
from analytics.reports.data.tables import ReportTables

NEAR_SHARE = 0.25
MAX_POINTS = 2000


def lateness(tables: ReportTables) -> float | None:
    """Return the median ratio of a workload run's duration to the makespan of its plan."""
    runs = _planned_runs(tables)
    return None if runs.empty else float((runs["took"] / runs["promised"]).median())


def near_share(tables: ReportTables) -> float | None:
    """Return the share of the steps whose duration was within a quarter of the planned one."""
    steps = _planned_steps(tables.steps)
    if steps.empty:
        return None
    return float(((steps["seconds"] / steps["planned"] - 1).abs() <= NEAR_SHARE).mean())


def promise_figures(context: ReportContext) -> tuple[Figure, ...]:
    """Return the accuracy of plans, for workloads and for steps."""
    return (
        context.figure(
            "took of what was promised",
            lateness,
            "ratio",
            note="median of the workload runs that succeeded; 1 is as planned",
        ),
        context.figure(
            "steps as planned",
            near_share,
            "share",
            "more",
            note="took within a quarter of their estimate",
        ),
    )


def promise_section(context: ReportContext) -> Section:
    """Return plan against outcome, with one row for each workload."""
    planned_runs, steps = _planned_runs(context.now), _planned_steps(context.now.steps)
    if planned_runs.empty:
        return Section("Plan and outcome")
    rows = []
    for (project, workload), runs in planned_runs.groupby(["project", "workload"]):
        within = steps[(steps["project"] == project) & (steps["workload"] == workload)]
        half = float((within["seconds"] <= within["planned"]).mean()) if len(within) else None
        rows.append(
            (
                f"{project}/{workload}",
                len(runs),
                *(float(runs[name].median()) for name in ("promised", "took", "bound")),
                float((runs["took"] / runs["promised"]).median()),
                half,
            )
        )
    columns = (
        Column("workload"),
        Column("runs", "count"),
        Column("promised", "s"),
        Column("took", "s"),
        Column("lower bound", "s"),
        Column("took of promised", "ratio"),
        Column("steps within their p50", "share"),
    )
    note = "Medians. Half of the steps should take no longer than planned: the plan is their p50."
    table = Table("plan-and-outcome", "Workload runs", columns, tuple(rows), note)
    return Section("Plan and outcome", charts=_chart(planned_runs, steps), tables=(table,))


def _chart(planned_runs: pd.DataFrame, steps: pd.DataFrame) -> tuple[Pairs, ...]:
    kinds = []
    for what, table, foreseen, actual in (
        ("workload runs", planned_runs, "promised", "took"),
        ("steps", steps, "planned", "seconds"),
    ):
        newest = table.tail(MAX_POINTS)
        if len(newest) > 1:
            before, after = (tuple(newest[column].to_list()) for column in (foreseen, actual))
            kinds.append((what, before, after))
    title = "Planned and actual duration"
    return (Pairs("planned-and-actual", title, "s", tuple(kinds)),) if kinds else ()


def _planned_runs(tables: ReportTables) -> pd.DataFrame:
    runs = tables.runs
    is_planned = (runs["state"] == "succeeded") & (runs["promised"] > 0) & (runs["took"] > 0)
    planned: pd.DataFrame = runs[is_planned]
    return planned


def _planned_steps(steps: pd.DataFrame) -> pd.DataFrame:
    is_planned = (steps["state"] == "succeeded") & (steps["planned"] > 0) & (steps["seconds"] > 0)
    planned: pd.DataFrame = steps[is_planned]
    return planned
