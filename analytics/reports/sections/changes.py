"""The section on changes: insights raised and closed, and significant changes of durations."""

from __future__ import annotations

from analytics.insights.lifecycle import Severity
from analytics.reports.data.model import Column, Figure, Section, Span, Table
from analytics.reports.data.report_context import ReportContext
from analytics.reports.data.tables import ReportTables
from analytics.reports.sections.durations import Duration, durations

SHOWN_ROWS = 5
MIN_CHANGE = 0.05


def open_at_end(tables: ReportTables, span: Span) -> int:
    """Return how many insights were open when the period ended."""
    return sum(
        insight.closed_at is None or insight.closed_at >= span.until for insight in tables.insights
    )


def changes_figure(context: ReportContext) -> Figure:
    """Return how many insights are open, beside those at the end of the compared period."""
    compared = context.compared_with
    before = None
    if context.before is not None and compared and not context.before.is_empty:
        before = float(open_at_end(context.before, compared))
    return Figure(
        "insights open",
        float(open_at_end(context.now, context.span)),
        "count",
        before,
        "less",
        note="at the end of the period",
    )


def changes_section(context: ReportContext) -> Section:
    """Return the insights of the period, the worst first, and what became slower or faster."""
    changed = [
        (what, duration)
        for what, all_durations in _durations(context)
        for duration in all_durations
        if duration.is_sure and duration.grown and abs(duration.grown.value) >= MIN_CHANGE
    ]
    changed.sort(key=lambda item: -abs(item[1].total - _as_before(item[1])))
    tables = (*_insights(context), *_changes(changed))
    return Section("Worse and better", (_sentence(context, changed),), tables=tables)


def _durations(context: ReportContext) -> list[tuple[str, list[Duration]]]:
    before = context.before
    if before is None:
        return []
    flows = [("flow", durations(context.now.flows, before.flows, "flow"))]
    steps = [("step", durations(context.now.steps, before.steps, "key"))]
    return [*(flows if before.has_flows else []), *steps]


def _as_before(duration: Duration) -> float:
    """Return the total seconds of the period's runs at the former median."""
    return duration.runs * (duration.before or 0.0)


def _sentence(context: ReportContext, changed: list[tuple[str, Duration]]) -> str:
    raised = sum(context.span.holds(insight.raised_at) for insight in context.now.insights)
    closed = sum(
        insight.closed_at is not None and context.span.holds(insight.closed_at)
        for insight in context.now.insights
    )
    text = f"Insights raised: {raised}, closed: {closed}."
    if context.before is None:
        return text
    slower = sum(duration.grown is not None and duration.grown.value > 0 for _, duration in changed)
    return f"{text} Flows and steps surely slower: {slower}, faster: {len(changed) - slower}."


def _insights(context: ReportContext) -> tuple[Table, ...]:
    ranked = sorted(
        context.now.insights,
        key=lambda insight: (
            insight.closed_at is not None,
            -Severity(insight.severity).rank,
            insight.since,
        ),
    )
    if not ranked:
        return ()
    columns = (
        Column("severity"),
        Column("what"),
        Column("key"),
        Column("how much"),
        Column("since", "moment"),
        Column("closed", "moment"),
    )
    rows = tuple(
        (
            insight.severity,
            insight.kind,
            insight.key,
            insight.size,
            insight.since,
            insight.closed_at,
        )
        for insight in ranked
    )
    return (Table("insights", "Insights", columns, rows, shown=SHOWN_ROWS),)


def _changes(changed: list[tuple[str, Duration]]) -> tuple[Table, ...]:
    if not changed:
        return ()
    columns = (
        Column("of"),
        Column("key"),
        Column("p50 before", "s"),
        Column("p50", "s"),
        Column("change", "change"),
        Column("runs", "count"),
    )
    rows = tuple(
        (what, duration.key, duration.before, duration.p50, duration.grown, duration.runs)
        for what, duration in changed
    )
    title = "Surely slower or faster, by the total time that it cost or saved"
    return (Table("changed-durations", title, columns, rows, shown=SHOWN_ROWS),)
