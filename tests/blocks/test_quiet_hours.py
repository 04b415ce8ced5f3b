"""Tests of quiet hours: over midnight, in their own time zone, and refused where they mean nothing."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from blocks.quiet_hours import EXAMPLE, checked_quiet_hours, quiet_hours_of


def at(clock: str, month: int = 1) -> datetime:
    """Return a moment of a day, in UTC."""
    hour, minute = clock.split(":")
    return datetime(2026, month, 15, int(hour), int(minute), tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "clock", "quiet"),
    [
        ("22:00-07:00 UTC", "21:59", False),
        ("22:00-07:00 UTC", "22:00", True),
        ("22:00-07:00 UTC", "00:00", True),
        ("22:00-07:00 UTC", "06:59", True),
        ("22:00-07:00 UTC", "07:00", False),
        ("12:00-13:30 UTC", "13:29", True),
        ("12:00-13:30 UTC", "13:30", False),
        ("12:00-13:30 UTC", "11:59", False),
    ],
)
def test_they_begin_and_end_on_the_minute(text: str, clock: str, *, quiet: bool) -> None:
    """Somebody would be woken, or not told by day."""
    hours = quiet_hours_of(text)
    assert hours is not None
    assert hours.cover(at(clock)) is quiet


def test_they_follow_the_clocks_of_their_zone() -> None:
    """In summer somebody would be woken an hour early."""
    hours = quiet_hours_of(EXAMPLE)
    assert hours is not None
    assert [hours.cover(at("05:30", month)) for month in (1, 7)] == [True, False]


def test_without_any_it_is_never_quiet() -> None:
    """Who names none would be told nothing."""
    assert quiet_hours_of("") is None
    assert checked_quiet_hours(EXAMPLE) == EXAMPLE


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("22-7", "another form"),
        ("22:00-07:00", "another form"),
        ("24:00-07:00 UTC", "another form"),
        ("22:00-07:60 UTC", "another form"),
        ("22:00-07:00 Europe/Berlni", "no time zone: 'Europe/Berlni'"),
        ("22:00-07:00 ../../etc/passwd", "no time zone"),
        ("22:00-22:00 UTC", "begins and ends at the same time"),
    ],
)
def test_what_is_none_is_refused(text: str, problem: str) -> None:
    """A misspelt zone would be found out at night."""
    with pytest.raises(ValueError, match=problem):
        checked_quiet_hours(text)
