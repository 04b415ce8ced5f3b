"""Writes slow-downs and other findings of a history to the ledger as insights, and reports them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import UTC, datetime

from analytics.history.runs import Run
from analytics.insights.lifecycle import (
    Changes,
    Finding,
    Insight,
    Severity,
    of_regression,
    reconcile,
)
from analytics.insights.regressions import TimedRun, regressions
from tasks.ledger.connection import Ledger
from tasks.ledger.insights import (
    CLOSED_BY_THEIR_RAISER,
    RaisedInsight,
    open_insights,
    write_insights,
)

SHOWN_ROWS = 30
_HEAD = "| severity | what | key | how much | since (UTC) | run |\n|---|---|---|---|---|---|"


def watch(
    ledger: Ledger, runs: Sequence[Run], now: float, other_findings: Iterable[Finding] = ()
) -> Changes:
    """Compare the findings in ``runs`` with the open insights of the ledger, and write the changes.

    ``other_findings`` are those of other detectors.
    """
    insights = [_insight(row) for row in open_insights(ledger)]
    lasting = [
        insight.finding for insight in insights if insight.finding.kind in CLOSED_BY_THEIR_RAISER
    ]
    changes = reconcile(insights, [*slowdown_findings(runs), *other_findings, *lasting], now)
    write_insights(ledger, map(_row, (*changes.open, *changes.closed)))
    return changes


def slowdown_findings(runs: Iterable[Run]) -> list[Finding]:
    """Return the keys that have become slower and still are, from runs that succeeded at once.

    Each kind of provider has its own usual durations; a key that is slower on two is one insight.
    """
    by_kind: dict[str, list[TimedRun]] = defaultdict(list)
    for run in runs:
        if run.succeeded and not run.is_censored and not run.retries:
            run_label = run.id or f"ended {_moment(run.ended_at)}"
            by_kind[run.kind].append(TimedRun(run.key, run_label, run.ended_at, run.seconds))
    return [
        of_regression(regression)
        for timed in by_kind.values()
        for regression in regressions(timed).current
    ]


def change_sentences(changes: Changes) -> list[str]:
    """Return one sentence for each insight that is new, worse or closed."""
    news = [("Raised", changes.raised), ("Worse", changes.worsened), ("Closed", changes.closed)]
    return [
        f"{word} ({insight.finding.severity}): {insight.finding.key} {insight.finding.size}, "
        f"since {_moment(insight.finding.since)} UTC."
        for word, insights in news
        for insight in insights
    ]


def section(changes: Changes) -> str:
    """Return the section of a report: the open insights, worst first, and the newly closed ones."""
    ranked = sorted(
        changes.open, key=lambda insight: (-insight.finding.severity.rank, insight.finding.since)
    )
    rows = [_line(insight.finding) for insight in ranked[:SHOWN_ROWS]]
    parts = ["## Open insights"]
    parts += ["\n".join([_HEAD, *rows])] if rows else ["Nothing: no key has become slower."]
    if len(ranked) > SHOWN_ROWS:
        parts.append(f"The worst {SHOWN_ROWS} of {len(ranked)}.")
    if changes.closed:
        over = ", ".join(_code(insight.finding.key) for insight in changes.closed[:SHOWN_ROWS])
        parts.append(f"Closed since the last training: {over}.")
    return "\n\n".join(parts)


def _line(finding: Finding) -> str:
    cells = (
        f"**{finding.severity}**"
        if finding.severity is Severity.CRITICAL
        else str(finding.severity),
        finding.kind,
        _code(finding.key),
        finding.size,
        _moment(finding.since),
        finding.run,
    )
    return f"| {' | '.join(cells)} |"


def _insight(row: RaisedInsight) -> Insight:
    finding = Finding(row.kind, row.key, Severity(row.severity), row.run, row.size, row.since)
    return Insight(finding, row.raised_at, row.seen_at, row.closed_at)


def _row(insight: Insight) -> RaisedInsight:
    finding = asdict(insight.finding) | {"severity": str(insight.finding.severity)}
    return RaisedInsight(
        **finding,
        raised_at=insight.raised_at,
        seen_at=insight.seen_at,
        closed_at=insight.closed_at,
    )


def _moment(at: float) -> str:
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M:%S}"


def _code(key: str) -> str:
    return "`" + key.replace("|", "\\|") + "`"
