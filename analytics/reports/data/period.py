"""The period of a report and the one that it is compared with. All days are days in UTC."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal

import pandas as pd

from analytics.reports.data.model import Span
from tasks.errors import BadInputError

DAY_SECONDS = 86_400.0
# The first Monday after the epoch.
MONDAY_SECONDS = 4 * DAY_SECONDS
# A longer period is charted by weeks: more columns could not be distinguished.
MAX_DAYS = 45
PERIOD_DAYS = {
    "last day": 1,
    "last 7 days": 7,
    "last 30 days": 30,
    "last 90 days": 90,
    "last 365 days": 365,
}
WEEKS_BEFORE = {"4 weeks before": 4, "13 weeks before": 13, "52 weeks before": 52}
PREVIOUS_PERIOD = "previous period"

PeriodName = Literal["last day", "last 7 days", "last 30 days", "last 90 days", "last 365 days"]
CompareName = Literal[
    "previous period", "4 weeks before", "13 weeks before", "52 weeks before", "none"
]


def chosen_span(name: PeriodName, since: date | None, until: date | None, now: float) -> Span:
    """Return the period of that name up to now, or the days from ``since`` to ``until``.

    Without ``until``, such days end now; without ``since``, they are as many as ``name`` says.

    Raises:
        BadInputError: The period would end before it begins, or begin in the future.
    """
    end = min(_midnight(until + timedelta(days=1)), now) if until else now
    start = _midnight(since) if since else end - PERIOD_DAYS[name] * DAY_SECONDS
    if start >= end:
        raise BadInputError(
            "since",
            str(since or until),
            "no time has passed since then within the period",
            "Name a first day that is past and not after `until`.",
        )
    return Span(start, end)


def compared_span(span: Span, name: CompareName) -> Span | None:
    """Return the period of the same length that ``span`` is compared with."""
    if name == "none":
        return None
    back = span.seconds if name == PREVIOUS_PERIOD else WEEKS_BEFORE[name] * 7 * DAY_SECONDS
    return Span(span.since - back, span.until - back)


@dataclass(frozen=True, slots=True)
class Grid:
    """The columns of a chart: days, or weeks from Monday on.

    ``starts`` are in epoch seconds, the first at the beginning of the period or before it.
    """

    name: str
    width_seconds: float
    starts: tuple[float, ...]

    def start_of(self, at: pd.Series[float]) -> pd.Series[float]:
        """Return when the column of each moment begins."""
        offset = MONDAY_SECONDS % self.width_seconds
        return (at - offset) // self.width_seconds * self.width_seconds + offset


def grid(span: Span) -> Grid:
    """Return the days of ``span``, or of a long one the weeks."""
    name, width = (
        ("week", 7 * DAY_SECONDS) if span.seconds > MAX_DAYS * DAY_SECONDS else ("day", DAY_SECONDS)
    )
    offset = MONDAY_SECONDS % width
    first, last = (span.since - offset) // width, -((offset - span.until) // width)
    return Grid(name, width, tuple(at * width + offset for at in range(int(first), int(last))))


def written(span: Span) -> str:
    """Return a period for people, e.g. ``2026-11-14 21:00 to 2026-11-21 21:00 UTC``."""
    if span.since % DAY_SECONDS == 0 and span.until % DAY_SECONDS == 0:
        return f"{_day(span.since)} to {_day(span.until - 1)}"
    return f"{minute(span.since).removesuffix(' UTC')} to {minute(span.until)}"


def slug(span: Span) -> str:
    """Return a period as a part of a file's name: its first and its last day."""
    return f"{_day(span.since)}-to-{_day(span.until - 1)}"


def _midnight(day: date) -> float:
    return datetime.combine(day, time(), UTC).timestamp()


def _day(at: float) -> str:
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d}"


def minute(at: float) -> str:
    """Return a moment for people."""
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M} UTC"
