"""What workload runs really waited for: the steps on their critical paths, and queueing."""

from __future__ import annotations

from analytics.insights.bottlenecks import Bottleneck, PathStep, bottlenecks
from analytics.reports.data.model import Bars, Column, Range, Section, Table
from analytics.reports.data.report_context import ReportContext
from analytics.reports.data.tables import ReportTables

QUEUEING = "(waiting)"
MOST_BARS = 10


def runs_as_steps(of: ReportTables) -> list[list[PathStep]]:
    """Return each workload run whose needs are known as its steps, each by its last attempt."""
    last = of.steps[of.steps["is_last"] & of.steps["ended_at"].notna()]
    return [
        [
            PathStep(str(step), str(key), began, ended, tuple(of.needs[str(run)].get(step, ())))
            for step, key, began, ended in zip(
                *(steps[name] for name in ("step", "key", "started_at", "ended_at")), strict=True
            )
        ]
        for run, steps in last.groupby("run")
        if str(run) in of.needs
    ]


def path_section(made_from: ReportContext) -> Section:
    """Return the bottlenecks of the period."""
    runs = runs_as_steps(made_from.now)
    found = bottlenecks(runs)
    if not found:
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
    table = Table("bottlenecks", "What runs wait for", columns, tuple(map(_row, found)), note)
    shown = found[:MOST_BARS]
    bars = Bars(
        "bottlenecks",
        "Share of the critical path, with its 90 % interval",
        "share",
        tuple(one.key or QUEUEING for one in shown),
        tuple(one.share.expected for one in shown),
        low=tuple(one.share.low for one in shown),
        high=tuple(one.share.high for one in shown),
    )
    return Section("Bottlenecks", (_sentence(found, len(runs)),), (bars,), (table,))


def _sentence(found: list[Bottleneck], runs: int) -> str:
    first = found[0]
    what = f"{first.key} was" if first.key else "waiting was"
    return (
        f"Of the time that {runs} workload run{'s' if runs > 1 else ''} took, {what} "
        f"{first.share.expected:.0%}, more than anything else."
    )


def _row(one: Bottleneck) -> tuple[str | float | Range, ...]:
    share = Range(one.share.expected, one.share.low, one.share.high)
    return (one.key or QUEUEING, share, one.seconds, one.runs)
