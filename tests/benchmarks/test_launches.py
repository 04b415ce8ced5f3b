"""The benchmark of ten launches and of configuring twenty projects."""

from __future__ import annotations

from pathlib import Path

from benchmarks.launches import Timing, bars, configuration, names, summary
from tasks.configuration import Configuration, checked


def test_the_figures_are_medians() -> None:
    """One slow round would decide, or be hidden."""
    figures = summary([Timing(1, 2, 3, 4), Timing(2, 9, 1, 1), Timing(9, 4, 2, 0)])
    assert figures["one_call_seconds"] == 2
    assert figures["ten_calls_seconds"] == 4
    assert figures["configure_seconds"] == 2
    assert figures["configure_unchanged_seconds"] == 1


def test_each_bar_is_missed_by_its_own_figure() -> None:
    """A figure that is not looked at would get worse unseen."""
    assert all(bar.met for bar in bars(summary([Timing(5, 10, 2, 9)])).values())
    for timing in (Timing(5.1, 1, 1, 1), Timing(1, 10.1, 1, 1), Timing(1, 1, 2.1, 1)):
        assert [bar.met for bar in bars(summary([timing])).values()].count(False) == 1


def test_another_salt_changes_every_project() -> None:
    """Blocks that stay as they are would not be written, and the time be none of writing."""
    one, other = (configuration(Path("/src"), salt)["projects"] for salt in ("a", "b"))
    assert all(one[name] != other[name] for name in names())
    assert len(checked(Configuration, {"projects": one}).projects) == 20
