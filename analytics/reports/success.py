"""The success report: how often things succeeded, why they failed and when they worked again."""

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


def report(made_from: ReportContext) -> Report:
    """Return the report."""
    now, before = made_from.now, made_from.before
    flows_before = before.flows if before is not None and before.has_flows else None
    steps_before = None if before is None else before.steps
    runs_before = None if before is None else _named(before.runs)
    figures = (*success_figures(made_from), *recovery_figures(made_from))
    sections = (
        _over_time(made_from),
        success_section("workloads", "Workloads", _named(now.runs), runs_before, "workload"),
        success_section("flows", "Flows", now.flows, flows_before, "flow"),
        success_section("steps", "Steps", now.steps, steps_before, "key"),
        reasons_section(made_from),
        flaky_section(made_from),
        recovery_section(made_from),
        growth_section(made_from, ("failures",)),
    )
    return made_from.report(NAME, TITLE, figures, sections)


def _named(runs: pd.DataFrame) -> pd.DataFrame:
    where = runs["project"] + "/" + runs["workload"] + " in " + runs["environment"]
    return runs.assign(workload=where)


def _over_time(made_from: ReportContext) -> Section:
    now, span = made_from.now, made_from.span
    charts = (
        states_over_time("flow-runs", "Flow runs", now.flows, span),
        states_over_time("attempts", "Attempts at steps", now.steps, span),
    )
    return Section("Over time", charts=tuple(one for one in charts if one is not None))
