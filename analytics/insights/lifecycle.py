"""What somebody should know: raised once, kept while it holds, closed by itself.

Detectors say again and again what they find; this keeps the list. It is a pure function of the
insights so far and of the findings of now, whatever the detector and wherever they are stored.
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
    """What a detector says now.

    ``kind`` and ``key`` are what it is about: two findings that share both are the same. ``run`` is
    the run that shows it, empty where it is none; ``size`` says how much, in words with units;
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
    """A finding as it was last seen, since when it is known and, once it is over, until when."""

    finding: Finding
    raised_at: float
    seen_at: float
    closed_at: float | None = None


@dataclass(frozen=True, slots=True)
class Changes:
    """What to tell: the insights that are new or worse, those that closed, and all still open."""

    raised: tuple[Insight, ...]
    worsened: tuple[Insight, ...]
    closed: tuple[Insight, ...]
    open: tuple[Insight, ...]


def reconcile(
    known: Iterable[Insight],
    found: Iterable[Finding],
    now: float,
    quiet_seconds: float = QUIET_SECONDS,
) -> Changes:
    """Compare the open insights with what is found now; those already closed are left alone.

    An insight stays as it was raised while it is found, with the worst severity it has had. It
    closes once it has not been found for ``quiet_seconds``.
    """
    before = {_about(insight.finding): insight for insight in known if insight.closed_at is None}
    current = _worst(found)
    raised, worsened, still, closed = [], [], [], []
    for about, finding in current.items():
        if about not in before:
            raised.append(Insight(finding, raised_at=now, seen_at=now))
            continue
        seen = _seen(before[about], finding, now)
        if seen.finding.severity.rank > before[about].finding.severity.rank:
            worsened.append(seen)
        still.append(seen)
    for about, insight in before.items():
        if about in current:
            continue
        if now - insight.seen_at >= quiet_seconds:
            closed.append(replace(insight, closed_at=now))
        else:
            still.append(insight)
    return Changes(tuple(raised), tuple(worsened), tuple(closed), (*still, *raised))


def of_regression(found: Regression) -> Finding:
    """Say that a key has become slower."""
    severity = Severity.INFO
    if found.factor >= WARNING_FACTOR:
        severity = Severity.CRITICAL if found.factor >= CRITICAL_FACTOR else Severity.WARNING
    usual, now = found.usual_seconds, found.usual_seconds * found.factor
    size = f"takes {found.factor:.2g} times as long: {now:.3g} s instead of {usual:.3g} s"
    return Finding("regression", found.key, severity, found.run, size, found.since)


def of_anomaly(found: Anomaly, key: str, since: float, *, ongoing: bool) -> Finding:
    """Say that a measurement, ``key``, stood out, and whether its newest value still does."""
    limit = "limit" in found.detectors
    severity = Severity.CRITICAL if limit else Severity.WARNING if ongoing else Severity.INFO
    size = f"{found.value:.4g} where {found.usual:.4g} is usual ({', '.join(found.detectors)})"
    return Finding("anomaly", key, severity, "", size, since)


def of_outlook(found: CapacityOutlook, now: float) -> Finding | None:
    """Say what will run out, or what is paid for and not needed; None where neither is so."""
    if found.possible_at is None:
        if not found.saved:
            return None
        size = f"{found.spare_units} too many this week: without them {found.saved:.4g} is saved"
        return Finding("capacity", found.measure, Severity.INFO, "", size, now)
    likely = found.likely_at
    severity = Severity.INFO
    if likely is not None:
        severity = Severity.CRITICAL if likely - now <= SOON_SECONDS else Severity.WARNING
    chance = "likely" if likely is not None else "possibly"
    hours = ((likely or found.possible_at) - now) / 3600
    size = f"{chance} runs out in {hours:.0f} h, short of {found.short:.4g} at its most"
    if found.units:
        price = f" for {found.cost:.4g}" if found.cost else ""
        size += f"; {found.units} more of the largest provider{price} would do"
    return Finding("capacity", found.measure, severity, "", size, now)


def _about(finding: Finding) -> tuple[str, str]:
    return finding.kind, finding.key


def _worst(found: Iterable[Finding]) -> dict[tuple[str, str], Finding]:
    """Return one finding for each thing that it is about: the worst, of those the oldest."""
    ordered = sorted(found, key=lambda finding: (-finding.severity.rank, finding.since))
    kept: dict[tuple[str, str], Finding] = {}
    for finding in ordered:
        kept.setdefault(_about(finding), finding)
    return kept


def _seen(insight: Insight, finding: Finding, now: float) -> Insight:
    """Keep what was raised; take over what is new about it."""
    old = insight.finding
    severity = max(old.severity, finding.severity, key=lambda one: one.rank)
    since = min(old.since, finding.since)
    newest = replace(finding, severity=severity, since=since, run=old.run or finding.run)
    return replace(insight, finding=newest, seen_at=now)
