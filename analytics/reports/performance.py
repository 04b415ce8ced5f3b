"""The performance report: durations, waiting times, plans against outcomes, and bottlenecks."""

from __future__ import annotations

from analytics.reports.data.model import Report
from analytics.reports.data.report_context import ReportContext
from analytics.reports.sections.critical_paths import path_section
from analytics.reports.sections.durations import duration_sections
from analytics.reports.sections.growth import growth_section
from analytics.reports.sections.plan_vs_actual import promise_figures, promise_section
from analytics.reports.sections.speedup import speedup_figures
from analytics.reports.sections.utilisation import utilisation_figure, utilisation_section
from analytics.reports.sections.waiting import waiting_figures, waiting_section

NAME = "performance"
TITLE = "Performance report"


def report(context: ReportContext) -> Report:
    """Return the report."""
    figures = (
        *speedup_figures(context),
        *waiting_figures(context),
        *promise_figures(context),
        utilisation_figure(context),
    )
    sections = (
        *duration_sections(context),
        path_section(context),
        promise_section(context),
        *context.calibration,
        waiting_section(context),
        utilisation_section(context),
        growth_section(context, ("duration",)),
    )
    return context.report(NAME, TITLE, figures, sections)
