"""The cost report: spending, idle reservations, and changes that would have been cheaper."""

from __future__ import annotations

from analytics.reports.data.model import Report
from analytics.reports.data.report_context import ReportContext
from analytics.reports.sections.growth import growth_section
from analytics.reports.sections.savings import saving_figures, saving_sections
from analytics.reports.sections.spending import spending_figures, spending_sections

NAME = "cost"
TITLE = "Cost report"


def report(context: ReportContext) -> Report:
    """Return the report."""
    figures = (*spending_figures(context), *saving_figures(context))
    sections = (
        *spending_sections(context),
        *saving_sections(context),
        growth_section(context, ("cost",)),
    )
    return context.report(NAME, TITLE, figures, sections)
