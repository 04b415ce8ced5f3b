"""The benchmark of the way from a call to the first line."""

from __future__ import annotations

import pytest

from benchmarks.trigger import Timing, bars, figures


def test_the_figures_are_medians_and_the_slowest() -> None:
    """One slow run would decide, or be hidden."""
    assert figures([Timing(1.0, 2.0), Timing(2.0, 9.0), Timing(6.0, 4.0)]) == {
        "first_line_median_seconds": 2.0,
        "first_line_max_seconds": 6.0,
        "completed_median_seconds": 4.0,
        "completed_max_seconds": 9.0,
    }


@pytest.mark.parametrize(
    ("name", "limit"),
    [
        ("first_line_median_seconds", 0.6),
        ("first_line_max_seconds", 1.0),
        ("completed_median_seconds", 1.2),
        ("at_once_last_seconds", 8.0),
        ("critical_first_line_seconds", 1.5),
    ],
)
def test_each_promise_has_a_bar(name: str, limit: float) -> None:
    """A worker that asks every ten seconds would pass."""
    assert bars({name: limit})[name].met
    assert not bars({name: limit + 0.1})[name].met


def test_what_was_left_out_has_no_bar() -> None:
    """A part that was not measured would count as missed."""
    assert set(bars({"completed_median_seconds": 1.0})) == {"completed_median_seconds"}
