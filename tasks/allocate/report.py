"""What was allocated, as a table and a sentence to read."""

from __future__ import annotations

from typing import Any

from blocks.providers.interface import Resources
from tasks.allocate.reserve import AllocationReport

NAMED = 5


def rows(report: AllocationReport, now: float) -> list[dict[str, Any]]:
    """Return the table of a report: what is reserved, then what does not fit."""
    reserved = [
        {
            "what": "reservation",
            "provider": item.provider,
            "from": f"{item.start - now:.1f} s",
            "to": f"{item.end - now:.1f} s",
            **item.demand.model_dump(),
            "why": "",
        }
        for item in report.reservations
    ]
    short = [
        {
            "what": f"conflict, resolved by: {item.resolution}",
            "provider": item.provider,
            "from": "",
            "to": "",
            **dict.fromkeys(Resources.model_fields, ""),
            item.resource: f"{item.missing:g} missing",
            "why": item.reason,
        }
        for item in report.conflicts
    ]
    return [*reserved, *short]


def summary(report: AllocationReport) -> str:
    """Say in one sentence how well a plan fits beside the others."""
    providers = {item.provider for item in report.reservations}
    fitting = f"{len(report.reservations)} windows reserved on {len(providers)} providers"
    if not report.conflicts:
        return f"{fitting}; nothing conflicts."
    waiting = ", ".join(report.queued[:NAMED]) + (" and others" if report.queued[NAMED:] else "")
    return f"{fitting}; {len(report.conflicts)} conflicts: likely to queue are {waiting}."
