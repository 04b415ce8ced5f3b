"""What all kinds of charts share."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from analytics.reports.data.model import Unit
from analytics.reports.render.charts.axes import moment, scale, short


def test_a_long_label_keeps_its_end() -> None:
    """All tests of a file would have the same label."""
    assert short("short") == "short"
    assert short("shop/tests/tests/test_shop.py::test_the_end").endswith("test_the_end")
    assert len(short("x" * 200)) == 34


@pytest.mark.parametrize(
    ("unit", "greatest", "divisor", "name"),
    [
        ("s", 0.0, 1.0, "s"),
        ("s", 120.0, 1.0, "s"),
        ("s", 121.0, 60.0, "min"),
        ("s", 7201.0, 3600.0, "h"),
        ("s", 1e6, 3600.0, "h"),
        ("share", 0.5, 0.01, "%"),
        ("count", 5.0, 1.0, "number"),
        ("MiB", 5.0, 1.0, "MiB"),
    ],
)
def test_an_axis_is_in_a_readable_unit(
    unit: Unit, greatest: float, divisor: float, name: str
) -> None:
    """Hours would be written as thousands of seconds, or 0.5 as 0.5 %."""
    assert scale(unit, greatest) == (divisor, name)


def test_a_moment_is_one_of_utc() -> None:
    """The days of a chart would not be those of its table."""
    assert moment(86_400.0) == datetime(1970, 1, 2, tzinfo=UTC)
