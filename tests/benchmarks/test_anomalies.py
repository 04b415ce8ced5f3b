"""The benchmark of anomalies: its bars, and what it counts as found."""

from __future__ import annotations

from analytics.insights.regressions import TimedRun
from benchmarks.anomalies import bars, slow_downs


def figures(recall: float, alarms: float, slowed: int = 9) -> dict[str, float]:
    """Return what was measured on one history."""
    return {"recall": recall, "alarms_per_1000_runs": alarms, "slowed": slowed}


def test_every_history_has_its_bars() -> None:
    """A history in which nothing is found would hide behind another."""
    judged = bars({"a": figures(0.9, 10.0), "b": figures(0.89, 10.1)})
    assert {name for name, bar in judged.items() if not bar.met} == {
        "b: recall",
        "b: alarms_per_1000_runs",
    }


def test_where_nothing_could_be_slowed_there_is_no_recall() -> None:
    """A history without stable keys would miss a bar that says nothing of it."""
    assert set(bars({"a": figures(0.0, 0.0, slowed=0)})) == {"a: alarms_per_1000_runs"}


def test_a_steady_key_that_is_slowed_is_found() -> None:
    """The benchmark would measure something else than it says."""
    runs = [TimedRun("k", str(turn), 60.0 * turn, 10.0 + 0.01 * (turn % 3)) for turn in range(40)]
    measured = slow_downs({"k": runs})
    assert measured["runs"] == 40
    assert (measured["slowed"], measured["recall"], measured["alarms"]) == (3, 1.0, 0)
