"""The success report: success rates, causes of failures, and times to recovery."""

from __future__ import annotations

import pandas as pd

from analytics.reports.data.model import Report, Section
from analytics.reports.data.report_context import ReportContext
from analytics.reports.sections.growth import growth_section
from analytics.reports.sections.outcomes import states_over_time, success_figures, success_section
from analytics.reports.sections.recovery import (
    flaky_section,
    reasons_section,
    recovery_figures,
    recovery_section,
)

NAME = "success"
TITLE = "Success report"


def report(context: ReportContext) -> Report:
    """Return the report."""
    now, before = context.now, context.before
    flows_before = before.flows if before is not None and before.has_flows else None
    steps_before = None if before is None else before.steps
    runs_before = None if before is None else _named(before.runs)
    figures = (*success_figures(context), *recovery_figures(context))
    sections = (
        _over_time(context),
        success_section("workloads", "Workloads", _named(now.runs), runs_before, "workload"),
        success_section("flows", "Flows", now.flows, flows_before, "flow"),
        success_section("steps", "Steps", now.steps, steps_before, "key"),
        reasons_section(context),
        flaky_section(context),
        recovery_section(context),
        growth_section(context, ("failures",)),
    )
    return context.report(NAME, TITLE, figures, sections)


def _named(runs: pd.DataFrame) -> pd.DataFrame:
    where = runs["project"] + "/" + runs["workload"] + " in " + runs["environment"]
    return runs.assign(workload=where)


def _over_time(context: ReportContext) -> Section:
    now, span = context.now, context.span
    charts = (
        states_over_time("flow-runs", "Flow runs", now.flows, span),
        states_over_time("attempts", "Attempts at steps", now.steps, span),
    )
    return Section("Over time", charts=tuple(chart for chart in charts if chart is not None))
