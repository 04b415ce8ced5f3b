"""The lifecycle of insights: raised once, kept open while the finding holds, then closed.

Detectors report the same finding again and again; this module keeps the list of insights. It
computes it from the insights so far and the current findings, whatever detector made them and
wherever they are stored.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum

from analytics.demand.capacity import CapacityOutlook
from analytics.insights.anomalies import Anomaly
from analytics.insights.regressions import Regression

# A finding that comes and goes within an hour is one insight.
QUIET_SECONDS = 3600.0
CRITICAL_FACTOR = 2.0
WARNING_FACTOR = 1.25
SOON_SECONDS = 24 * 3600.0


class Severity(StrEnum):
    """How much an insight matters."""

    INFO = "info"
    WARNING = "warning"
    CRITICAL = "critical"

    @property
    def rank(self) -> int:
        """Order severities: the higher, the worse."""
        return list(Severity).index(self)


@dataclass(frozen=True, slots=True)
class Finding:
    """The current finding of a detector.

    ``kind`` and ``key`` are its subject: two findings that share both are the same. ``run`` is the
    run that shows it, empty if there is none; ``size`` is its size in words with units;
    ``since`` is in epoch seconds.
    """

    kind: str
    key: str
    severity: Severity
    run: str
    size: str
    since: float


@dataclass(frozen=True, slots=True)
class Insight:
    """A finding as it was last seen, with the moments when it was raised, last seen and closed."""

    finding: Finding
    raised_at: float
    seen_at: float
    closed_at: float | None = None


@dataclass(frozen=True, slots=True)
class Changes:
    """The changes of the insights: the new, worse and closed ones, and all that are still open."""

    raised: tuple[Insight, ...]
    worsened: tuple[Insight, ...]
    closed: tuple[Insight, ...]
    open: tuple[Insight, ...]


def reconcile(
    insights: Iterable[Insight],
    findings: Iterable[Finding],
    now: float,
    quiet_seconds: float = QUIET_SECONDS,
) -> Changes:
    """Compare the open insights with the current findings; closed insights do not change.

    An insight stays open while it is found, with the worst severity that it has had. It closes once
    it has not been found for ``quiet_seconds``.
    """
    before = {_about(insight.finding): insight for insight in insights if insight.closed_at is None}
    current = _worst(findings)
    raised, worsened, still, closed = [], [], [], []
    for subject, finding in current.items():
        if subject not in before:
            raised.append(Insight(finding, raised_at=now, seen_at=now))
            continue
        updated = _seen(before[subject], finding, now)
        if updated.finding.severity.rank > before[subject].finding.severity.rank:
            worsened.append(updated)
        still.append(updated)
    for subject, insight in before.items():
        if subject in current:
            continue
        if now - insight.seen_at >= quiet_seconds:
            closed.append(replace(insight, closed_at=now))
        else:
            still.append(insight)
    return Changes(tuple(raised), tuple(worsened), tuple(closed), (*still, *raised))


def of_regression(regression: Regression) -> Finding:
    """Return the finding that a key has become slower."""
    severity = Severity.INFO
    if regression.factor >= WARNING_FACTOR:
        severity = Severity.CRITICAL if regression.factor >= CRITICAL_FACTOR else Severity.WARNING
    usual, now = regression.usual_seconds, regression.usual_seconds * regression.factor
    size = f"takes {regression.factor:.2g} times as long: {now:.3g} s instead of {usual:.3g} s"
    return Finding("regression", regression.key, severity, regression.run, size, regression.since)


def of_anomaly(anomaly: Anomaly, key: str, since: float, *, ongoing: bool) -> Finding:
    """Return the finding that the measurement ``key`` stood out, and whether it still does."""
    limit = "limit" in anomaly.detectors
    severity = Severity.CRITICAL if limit else Severity.WARNING if ongoing else Severity.INFO
    size = (
        f"{anomaly.value:.4g} where {anomaly.usual:.4g} is usual ({', '.join(anomaly.detectors)})"
    )
    return Finding("anomaly", key, severity, "", size, since)


def of_outlook(outlook: CapacityOutlook, now: float) -> Finding | None:
    """Return the finding on capacity that will run out or is not needed; None without either."""
    if outlook.possible_at is None:
        if not outlook.saved:
            return None
        size = (
            f"{outlook.spare_units} more than needed this week; doing without saves "
            f"{outlook.saved:.4g}"
        )
        return Finding("capacity", outlook.measure, Severity.INFO, "", size, now)
    likely = outlook.likely_at
    severity = Severity.INFO
    if likely is not None:
        severity = Severity.CRITICAL if likely - now <= SOON_SECONDS else Severity.WARNING
    chance = "likely" if likely is not None else "possibly"
    hours = ((likely or outlook.possible_at) - now) / 3600
    size = f"{chance} runs out in {hours:.0f} h, and lacks up to {outlook.short:.4g}"
    if outlook.units:
        price = f" for {outlook.cost:.4g}" if outlook.cost else ""
        size += f"; {outlook.units} more of the largest provider{price} would be enough"
    return Finding("capacity", outlook.measure, severity, "", size, now)


def _about(finding: Finding) -> tuple[str, str]:
    return finding.kind, finding.key


def _worst(findings: Iterable[Finding]) -> dict[tuple[str, str], Finding]:
    """Return one finding for each subject: the worst, and of those the oldest."""
    ordered = sorted(findings, key=lambda finding: (-finding.severity.rank, finding.since))
    worst: dict[tuple[str, str], Finding] = {}
    for finding in ordered:
        worst.setdefault(_about(finding), finding)
    return worst


def _seen(insight: Insight, finding: Finding, now: float) -> Insight:
    """Return the insight with the new finding, its worst severity and its oldest moment and run."""
    old = insight.finding
    severity = max(old.severity, finding.severity, key=lambda severity: severity.rank)
    since = min(old.since, finding.since)
    newest = replace(finding, severity=severity, since=since, run=old.run or finding.run)
    return replace(insight, finding=newest, seen_at=now)
