"""The performance report: how long things took, waited and were planned to, and what to mend."""

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


def report(made_from: ReportContext) -> Report:
    """Return the report."""
    figures = (
        *speedup_figures(made_from),
        *waiting_figures(made_from),
        *promise_figures(made_from),
        utilisation_figure(made_from),
    )
    sections = (
        *duration_sections(made_from),
        path_section(made_from),
        promise_section(made_from),
        *made_from.calibration,
        waiting_section(made_from),
        utilisation_section(made_from),
        growth_section(made_from, ("duration",)),
    )
    return made_from.report(NAME, TITLE, figures, sections)
