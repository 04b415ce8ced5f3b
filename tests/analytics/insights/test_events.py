"""Tests of the events of insights: each is raised once and closed once."""

from __future__ import annotations

from analytics.insights.events import change_events
from analytics.insights.lifecycle import Changes, Finding, Insight, Severity
from tasks.events import EventName


def insight(key: str) -> Insight:
    """Return an insight on a slower key."""
    size = "takes 2 times as long: 4 s instead of 2 s"
    return Insight(Finding("regression", key, Severity.CRITICAL, "r1", size, 0.0), 0.0, 0.0)


def test_what_is_new_and_what_is_over_is_told_and_nothing_else() -> None:
    """An insight that stays open would be told at every training, or its end never."""
    new, worse, over, still = (insight(key) for key in "abcd")
    changes = Changes((new,), (worse,), (over,), (still, new))
    raised, closed = change_events(changes)
    assert (raised.name, raised.payload["key"]) == (EventName.INSIGHT_RAISED, "a")
    assert (closed.name, closed.payload["key"]) == (EventName.INSIGHT_CLOSED, "c")
    assert raised.payload["severity"] == "critical"
    assert "2 times as long" in raised.payload["message"]
