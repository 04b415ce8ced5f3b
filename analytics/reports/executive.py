"""The executive report: one page on activity, success, cost, and open insights."""

from __future__ import annotations

from analytics.reports.data.model import Figure, Report, Section
from analytics.reports.data.report_context import ReportContext
from analytics.reports.data.tables import ReportTables
from analytics.reports.sections.changes import changes_figure, changes_section
from analytics.reports.sections.outcomes import states_over_time, success_figures
from analytics.reports.sections.outlook import outlook_section
from analytics.reports.sections.protection import protection_figures, protection_sections
from analytics.reports.sections.speedup import speedup_figures
from analytics.reports.sections.spending import spending_figures, spending_over_time
from analytics.reports.sections.utilisation import utilisation_figure

NAME = "executive"
TITLE = "Executive report"


def report(context: ReportContext) -> Report:
    """Return the report."""
    spent = spending_figures(context)
    figures = (
        *_work(context),
        *success_figures(context),
        *speedup_figures(context),
        utilisation_figure(context),
        spent[0],
        *protection_figures(context),
        changes_figure(context),
    )
    sections = (
        _activity(context),
        changes_section(context),
        outlook_section(context),
        *protection_sections(context),
    )
    return context.report(NAME, TITLE, figures, sections)


def _work(context: ReportContext) -> tuple[Figure, ...]:
    counts = {"flow runs": _flows, "workload runs": _runs, "attempts at steps": _steps}
    return tuple(context.figure(name, count_of) for name, count_of in counts.items())


def _flows(tables: ReportTables) -> float | None:
    return float(len(tables.flows)) if tables.has_flows else None


def _runs(tables: ReportTables) -> float:
    return float(len(tables.runs))


def _steps(tables: ReportTables) -> float:
    return float(len(tables.steps))


def _activity(context: ReportContext) -> Section:
    now, span = context.now, context.span
    charts = (
        states_over_time("flow-runs", "Flow runs", now.flows, span),
        spending_over_time(context),
    )
    return Section(
        "What was done",
        charts=tuple(chart for chart in charts if chart is not None),
    )
