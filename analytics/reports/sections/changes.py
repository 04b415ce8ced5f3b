"""What has become worse or better: insights raised and closed, and durations surely changed."""

from __future__ import annotations

from analytics.insights.lifecycle import Severity
from analytics.reports.data.model import Column, Figure, Section, Span, Table
from analytics.reports.data.report_context import ReportContext
from analytics.reports.data.tables import ReportTables
from analytics.reports.sections.durations import Duration, durations

SHOWN_ROWS = 5
LEAST_CHANGE = 0.05


def open_at_end(of: ReportTables, span: Span) -> int:
    """Return how many insights were open when the period ended."""
    return sum(one.closed_at is None or one.closed_at >= span.until for one in of.insights)


def changes_figure(made_from: ReportContext) -> Figure:
    """Return how many insights are open, beside those at the end of the compared period."""
    compared = made_from.compared_with
    before = None
    if made_from.before is not None and compared and not made_from.before.is_empty:
        before = float(open_at_end(made_from.before, compared))
    return Figure(
        "insights open",
        float(open_at_end(made_from.now, made_from.span)),
        "count",
        before,
        "less",
        note="at the end of the period",
    )


def changes_section(made_from: ReportContext) -> Section:
    """Return the insights of the period, the worst first, and what became slower or faster."""
    changed = [
        (what, one)
        for what, found in _durations(made_from)
        for one in found
        if one.is_sure and one.grown and abs(one.grown.value) >= LEAST_CHANGE
    ]
    changed.sort(key=lambda item: -abs(item[1].total - _as_before(item[1])))
    tables = (*_insights(made_from), *_changes(changed))
    return Section("Worse and better", (_sentence(made_from, changed),), tables=tables)


def _durations(made_from: ReportContext) -> list[tuple[str, list[Duration]]]:
    before = made_from.before
    if before is None:
        return []
    flows = [("flow", durations(made_from.now.flows, before.flows, "flow"))]
    steps = [("step", durations(made_from.now.steps, before.steps, "key"))]
    return [*(flows if before.has_flows else []), *steps]


def _as_before(one: Duration) -> float:
    """Return what the runs of the period would have taken at the former median, in all."""
    return one.runs * (one.before or 0.0)


def _sentence(made_from: ReportContext, changed: list[tuple[str, Duration]]) -> str:
    raised = sum(made_from.span.holds(one.raised_at) for one in made_from.now.insights)
    closed = sum(
        one.closed_at is not None and made_from.span.holds(one.closed_at)
        for one in made_from.now.insights
    )
    said = f"Insights raised: {raised}, closed: {closed}."
    if made_from.before is None:
        return said
    slower = sum(one.grown is not None and one.grown.value > 0 for _, one in changed)
    return f"{said} Flows and steps surely slower: {slower}, faster: {len(changed) - slower}."


def _insights(made_from: ReportContext) -> tuple[Table, ...]:
    ranked = sorted(
        made_from.now.insights,
        key=lambda one: (one.closed_at is not None, -Severity(one.severity).rank, one.since),
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
        (one.severity, one.kind, one.key, one.size, one.since, one.closed_at) for one in ranked
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
    rows = tuple((what, one.key, one.before, one.p50, one.grown, one.runs) for what, one in changed)
    title = "Surely slower or faster, by what it cost or saved in all"
    return (Table("changed-durations", title, columns, rows, shown=SHOWN_ROWS),)
