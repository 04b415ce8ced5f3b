"""Numbers as people read them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.reports.data.model import Figure, Range, Unit
from analytics.reports.render.quantities import change, duration, is_better, written


def plain(text: str) -> str:
    """Return ``text`` with the spaces that do not break as others."""
    return text.replace("\N{NO-BREAK SPACE}", " ").replace("\N{MINUS SIGN}", "-")


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (None, "s", "\N{EN DASH}"),
        (0.0, "s", "0 s"),
        (0.25, "s", "0.25 s"),
        (75.0, "s", "1 min 15 s"),
        (3599.7, "s", "1 h"),
        (7260.0, "s", "2 h 1 min"),
        (190_000.0, "s", "2 d 5 h"),
        (-90.0, "s", "-1 min 30 s"),
        (0.9312, "share", "93.1 %"),
        (1.0, "share", "100 %"),
        (0.126, "change", "+13 %"),
        (-0.05, "points", "-5.0 points"),
        (1234567, "count", "1,234,567"),
        (0.0389, "money", "0.0389"),
        (12.5, "money", "12.50"),
        (512.0, "MiB", "512 MiB"),
        (1536.0, "MiB", "1.5 GiB"),
        (1.295, "ratio", "1.29 ×"),  # noqa: RUF001 - the sign of multiplication is meant
        (0.0, "moment", "1970-01-01 00:00"),
        (Range(0.5, 0.4, 0.6), "share", "50.0 % (40.0 to 60.0)"),
        (Range(5.0, 4.0, 6.0, "s"), "MiB", "5.0 s (4.0 s to 6.0 s)"),
        ("build", "s", "build"),
    ],
)
def test_a_number_has_its_unit(value: float | Range | str | None, unit: Unit, text: str) -> None:
    """Nobody could tell seconds from minutes."""
    assert plain(written(value, unit)) == text


@given(st.floats(min_value=0, max_value=1e9))
def test_no_duration_shows_sixty_of_anything_smaller(seconds: float) -> None:
    """A minute would be written as 60 s beside others of 1 min."""
    words = plain(duration(seconds)).split()
    for number, unit, most in zip(words[2::2], words[3::2], [60] * 9, strict=False):
        assert float(number) < (24 if unit == "h" else most)


def test_a_change_says_from_what() -> None:
    """A percentage of hardly anything would frighten."""
    assert plain(change(Figure("spent", 3.0, "money", 2.0))) == "+50 % from 2.00"
    assert plain(change(Figure("ok", 0.9, "share", 0.95))) == "-5.0 points from 95.0 %"
    assert change(Figure("runs", 3.0, "count", 0.0)) == "from 0"
    assert change(Figure("runs", 3.0, "count", None)) == ""


def test_better_is_what_the_figure_says() -> None:
    """More failures would be shown in green."""
    assert is_better(Figure("spent", 3.0, "money", 2.0, "less")) is False
    assert is_better(Figure("saved", 3.0, "s", 2.0, "more")) is True
    assert is_better(Figure("runs", 3.0, "count", 2.0)) is None
    assert is_better(Figure("spent", 2.001, "money", 2.0, "less")) is None
