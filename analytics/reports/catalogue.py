"""The catalogue of reports, and the function that makes each of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Literal

from analytics.reports import cost, executive, performance, success
from analytics.reports.data.model import Report, Section, Span
from analytics.reports.data.period import CompareName, PeriodName, chosen_span, compared_span
from analytics.reports.data.report_context import ReportContext, report_context
from analytics.reports.data.tables import ReportTables
from analytics.reports.sections.outlook import MAX_SECONDS

ReportName = Literal["all", "executive", "performance", "cost", "success"]

REPORTS: Mapping[str, Callable[[ReportContext], Report]] = {
    executive.NAME: executive.report,
    performance.NAME: performance.report,
    cost.NAME: cost.report,
    success.NAME: success.report,
}


def report_names(report: ReportName) -> list[str]:
    """Return the names of the reports that were asked for."""
    return [*REPORTS] if report == "all" else [report]


def spans(
    name: PeriodName, since: date | None, until: date | None, compare: CompareName, now: float
) -> tuple[Span, Span | None]:
    """Return the period and the one that it is compared with.

    Raises:
        BadInputError: The period would end before it begins, or begin in the future.
    """
    span = chosen_span(name, since, until, now)
    return span, compared_span(span, compare)


def needed_since(span: Span, compared_with: Span | None) -> float:
    """Return the moment from which history is needed: trends and forecasts look back further."""
    return min(
        span.since,
        compared_with.since if compared_with else span.since,
        span.until - MAX_SECONDS,
    )


def make_report(  # noqa: PLR0917 - of what, and when
    name: str,
    everything: ReportTables,
    span: Span,
    compared_with: Span | None,
    project: str,
    made_at: float,
    calibration: Sequence[Section] = (),
) -> Report:
    """Return the report of that name; ``calibration`` are sections on the accuracy of estimates."""
    context = report_context(everything, span, compared_with, project, made_at)
    return REPORTS[name](replace(context, calibration=tuple(calibration)))
