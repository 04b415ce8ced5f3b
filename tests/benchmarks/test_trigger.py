"""The benchmark of the way from a call to the first line."""

from __future__ import annotations

from benchmarks.trigger import Timing, bars, summary


def test_the_figures_are_medians_and_the_slowest() -> None:
    """One slow run would decide, or be hidden."""
    figures = summary("status/status", [Timing(1.0, 2.0), Timing(2.0, 9.0), Timing(6.0, 4.0)])
    assert figures["first_line_median_seconds"] == 2.0
    assert figures["first_line_max_seconds"] == 6.0
    assert figures["completed_median_seconds"] == 4.0
    assert figures["completed_max_seconds"] == 9.0


def test_the_bar_is_of_the_first_line() -> None:
    """A worker that asks every ten seconds would pass."""
    assert bars(3.0)["first_line_median_seconds"].met
    assert not bars(3.1)["first_line_median_seconds"].met
