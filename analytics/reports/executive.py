"""The executive report: one page on what was done, how well, at what cost, and what needs care."""

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


def report(made_from: ReportContext) -> Report:
    """Return the report."""
    spent = spending_figures(made_from)
    figures = (
        *_work(made_from),
        *success_figures(made_from),
        *speedup_figures(made_from),
        utilisation_figure(made_from),
        spent[0],
        *protection_figures(made_from),
        changes_figure(made_from),
    )
    sections = (
        _activity(made_from),
        changes_section(made_from),
        outlook_section(made_from),
        *protection_sections(made_from),
    )
    return made_from.report(NAME, TITLE, figures, sections)


def _work(made_from: ReportContext) -> tuple[Figure, ...]:
    counted = {"flow runs": _flows, "workload runs": _runs, "attempts at steps": _steps}
    return tuple(made_from.figure(name, of) for name, of in counted.items())


def _flows(of: ReportTables) -> float | None:
    return float(len(of.flows)) if of.has_flows else None


def _runs(of: ReportTables) -> float:
    return float(len(of.runs))


def _steps(of: ReportTables) -> float:
    return float(len(of.steps))


def _activity(made_from: ReportContext) -> Section:
    now, span = made_from.now, made_from.span
    charts = (
        states_over_time("flow-runs", "Flow runs", now.flows, span),
        spending_over_time(made_from),
    )
    return Section(
        "What was done",
        charts=tuple(chart for chart in charts if chart is not None),
    )
