"""The report of an allocation as a table and a sentence."""

from __future__ import annotations

from tasks.allocate.reserve import AllocationReport
from tasks.ledger.reservations import Conflict, Reservation

Row = dict[str, str]
NAMED = 5
_COLUMNS = {"cpus": "CPUs", "memory_mib": "memory (MiB)", "slots": "slots"}


def rows(report: AllocationReport, now: float) -> list[Row]:
    """Return the table of a report: the reservations, then the conflicts."""
    reserved = [_reserved(item, now) for item in report.reservations]
    if not report.conflicts:
        return reserved
    return [*({**row, "why": ""} for row in reserved), *(_short(item) for item in report.conflicts)]


def _reserved(entry: Reservation, now: float) -> Row:
    demand = {title: getattr(entry.demand, name) for name, title in _COLUMNS.items()}
    return {
        "what": "reserved",
        "provider": entry.provider,
        "from": f"{entry.start - now:.1f} s",
        "to": f"{entry.end - now:.1f} s",
        **{title: f"{value:g}" if value else "" for title, value in demand.items()},
    }


def _short(entry: Conflict) -> Row:
    return {
        "what": f"conflict, resolved by: {entry.resolution}",
        "provider": entry.provider,
        "from": "",
        "to": "",
        **dict.fromkeys(_COLUMNS.values(), ""),
        _COLUMNS[entry.resource]: f"{entry.missing:g} missing",
        "why": entry.reason,
    }


def summary(report: AllocationReport) -> str:
    """Return in one sentence how well a plan fits beside those of other workloads."""
    providers = {item.provider for item in report.reservations}
    windows = _count(len(report.reservations), "window")
    fitting = f"{windows} reserved on {_count(len(providers), 'provider')}"
    if not report.conflicts:
        return f"{fitting}; nothing conflicts."
    waiting = ", ".join(report.queued[:NAMED]) + (" and others" if report.queued[NAMED:] else "")
    conflicts = _count(len(report.conflicts), "conflict")
    return f"{fitting}; {conflicts}, so that these are likely to queue: {waiting}."


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
