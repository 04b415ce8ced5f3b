"""Tests of durations and sizes as people read them."""

from __future__ import annotations

import pytest

from tasks.quantities import age, count_of, duration, moment, size


@pytest.mark.parametrize(
    ("amount", "text"), [(0, "0 B"), (1023, "1023 B"), (1536, "1.5 KiB"), (3 << 40, "3.0 TiB")]
)
def test_size(amount: int, text: str) -> None:
    """Sizes are off by a unit."""
    assert size(amount) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.4, "0 s"),
        (59, "59 s"),
        (61, "1 min"),
        (3_700, "1 h 1 min"),
        (180_000, "2 d 2 h"),
        (-5, "0 s"),
    ],
)
def test_ages_are_written_in_whole_units(seconds: float, text: str) -> None:
    """An uptime would be a number of seconds to be divided by the reader."""
    assert age(seconds) == text


@pytest.mark.parametrize(
    ("seconds", "text"), [(3.46, "3.5 s"), (100, "100 s"), (3599, "3599 s"), (4320, "1.2 h")]
)
def test_durations_are_as_exact_as_they_can_be_read(seconds: float, text: str) -> None:
    """A plan of seconds and one of hours would be read from the same digits."""
    assert duration(seconds) == text


def test_one_is_not_counted_as_several() -> None:
    """Broken: "1 files restored" reads as if nobody had looked at it."""
    counted = [count_of(number, "file") for number in (0, 1, 2)]
    assert counted == ["0 files", "1 file", "2 files"]


def test_moments_are_of_utc() -> None:
    """A moment would be read as one of the reader's own time zone."""
    assert moment(86_400 + 3661) == "1970-01-02 01:01:01 UTC"
