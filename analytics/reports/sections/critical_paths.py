"""The section on bottlenecks: the steps on the critical paths of workload runs, and queueing."""

from __future__ import annotations

from analytics.insights.bottlenecks import Bottleneck, PathStep, bottlenecks
from analytics.reports.data.model import Bars, Column, Range, Section, Table
from analytics.reports.data.report_context import ReportContext
from analytics.reports.data.tables import ReportTables

QUEUEING = "(waiting)"
MAX_BARS = 10


def runs_as_steps(tables: ReportTables) -> list[list[PathStep]]:
    """Return the steps of each workload run whose needs are known, with their last attempts."""
    last = tables.steps[tables.steps["is_last"] & tables.steps["ended_at"].notna()]
    return [
        [
            PathStep(
                str(step), str(key), started_at, ended, tuple(tables.needs[str(run)].get(step, ()))
            )
            for step, key, started_at, ended in zip(
                *(steps[name] for name in ("step", "key", "started_at", "ended_at")), strict=True
            )
        ]
        for run, steps in last.groupby("run")
        if str(run) in tables.needs
    ]


def path_section(context: ReportContext) -> Section:
    """Return the bottlenecks of the period."""
    runs = runs_as_steps(context.now)
    ranked = bottlenecks(runs)
    if not ranked:
        return Section("Bottlenecks")
    columns = (
        Column("key"),
        Column("share of the time", "share"),
        Column("on its path", "s"),
        Column("runs", "count"),
    )
    note = (
        "Share of the critical paths of all workload runs, with its 90 % interval. Who makes "
        "these faster makes the runs end earlier; who makes others faster does not."
    )
    table = Table("bottlenecks", "What runs wait for", columns, tuple(map(_row, ranked)), note)
    charted = ranked[:MAX_BARS]
    bars = Bars(
        "bottlenecks",
        "Share of the critical path, with its 90 % interval",
        "share",
        tuple(bottleneck.key or QUEUEING for bottleneck in charted),
        tuple(bottleneck.share.expected for bottleneck in charted),
        low=tuple(bottleneck.share.low for bottleneck in charted),
        high=tuple(bottleneck.share.high for bottleneck in charted),
    )
    return Section("Bottlenecks", (_sentence(ranked, len(runs)),), (bars,), (table,))


def _sentence(ranked: list[Bottleneck], runs: int) -> str:
    first = ranked[0]
    what = f"{first.key} was" if first.key else "waiting was"
    return (
        f"Of the time that {runs} workload run{'s' if runs > 1 else ''} took, {what} "
        f"{first.share.expected:.0%}, more than anything else."
    )


def _row(bottleneck: Bottleneck) -> tuple[str | float | Range, ...]:
    share = Range(bottleneck.share.expected, bottleneck.share.low, bottleneck.share.high)
    return (bottleneck.key or QUEUEING, share, bottleneck.seconds, bottleneck.runs)
