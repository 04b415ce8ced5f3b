"""What was allocated, as a table and a sentence to read."""

from __future__ import annotations

from tasks.allocate.reserve import AllocationReport
from tasks.ledger.reservations import Conflict, Reservation

Row = dict[str, str]
NAMED = 5
_COLUMNS = {"cpus": "CPUs", "memory_mib": "memory (MiB)", "slots": "slots"}


def rows(report: AllocationReport, now: float) -> list[Row]:
    """Return the table of a report: what is reserved, then what does not fit."""
    reserved = [_reserved(item, now) for item in report.reservations]
    if not report.conflicts:
        return reserved
    return [*({**row, "why": ""} for row in reserved), *(_short(item) for item in report.conflicts)]


def _reserved(item: Reservation, now: float) -> Row:
    held = {title: getattr(item.demand, name) for name, title in _COLUMNS.items()}
    return {
        "what": "reserved",
        "provider": item.provider,
        "from": f"{item.start - now:.1f} s",
        "to": f"{item.end - now:.1f} s",
        **{title: f"{value:g}" if value else "" for title, value in held.items()},
    }


def _short(item: Conflict) -> Row:
    return {
        "what": f"conflict, resolved by: {item.resolution}",
        "provider": item.provider,
        "from": "",
        "to": "",
        **dict.fromkeys(_COLUMNS.values(), ""),
        _COLUMNS[item.resource]: f"{item.missing:g} missing",
        "why": item.reason,
    }


def summary(report: AllocationReport) -> str:
    """Say in one sentence how well a plan fits beside the others."""
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
