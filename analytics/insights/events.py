"""The events of insights that were raised or closed."""

from __future__ import annotations

from analytics.insights.lifecycle import Changes
from tasks.events import Event, insight_closed, insight_raised


def change_events(changes: Changes) -> list[Event]:
    """Return one event for each insight that is new or closed."""
    return [
        event_of(finding.kind, finding.key, str(finding.severity), finding.size)
        for event_of, insights in (
            (insight_raised, changes.raised),
            (insight_closed, changes.closed),
        )
        for finding in (insight.finding for insight in insights)
    ]
