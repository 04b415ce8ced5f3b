"""What forecasts are judged by."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from analytics.statistics.conformal import LEVELS
from benchmarks.forecast_bars import (
    MONTH_SECONDS,
    bar_lines,
    bars,
    coverage_by_length,
    coverage_by_month,
    coverage_rows,
    coverages,
)

BOUNDS = np.tile(np.arange(1.0, len(LEVELS) + 1), (1000, 1))
WITHIN = np.full(1000, 2.5)


def _figures(runs: int, within: float, model: float = 0.6, share: float = 0.2) -> dict[str, Any]:
    goals = {"central_80": 0.8, "central_90": 0.9, "upper_95": 0.95}
    return {
        "duration": {
            "forecast": runs,
            "min_max_ratio": {
                "model": model,
                "last_run": 0.5,
                "last_two_mean": 0.6,
                "median_of_20": 0.4,
            },
            "intervals": {name: {"overall": goal + within} for name, goal in goals.items()},
            "stable_keys": {"key": {"share": share, "within_tenth": 0.79}, "fine": None},
        }
    }


def test_what_lies_within_is_covered() -> None:
    """Misses would count as hits, or the other way round."""
    actual = np.where(np.arange(1000) < 100, 5.5, WITHIN)
    assert coverages(BOUNDS, actual) == {
        "runs": 1000,
        "central_80": 0.9,
        "central_90": 1.0,
        "upper_95": 1.0,
    }


def test_the_first_runs_are_shown_apart() -> None:
    """Intervals that fail a new user would be hidden behind ten thousand runs."""
    actual = np.where(np.arange(1000) < 300, 99.0, WITHIN)
    by_length = coverage_by_length(BOUNDS, actual)
    assert {name: of["central_90"] for name, of in by_length.items()} == {
        "first 300": 0.0,
        "all": 0.7,
    }


def test_a_bad_month_is_seen() -> None:
    """A month in which nothing holds would look fine on average."""
    submitted = 1e9 + np.arange(1000) / 1000 * 4 * MONTH_SECONDS
    actual = np.where(np.arange(1000) // 250 == 2, 99.0, WITHIN)
    by_month = coverage_by_month(BOUNDS, actual, submitted)
    assert [of["upper_95"] for of in by_month.values()] == [1.0, 1.0, 0.0, 1.0]


def test_lengths_and_months_have_their_rows() -> None:
    """The table would show the average alone."""
    by_length = coverage_by_length(BOUNDS, WITHIN)
    by_month = coverage_by_month(BOUNDS, WITHIN, np.zeros(1000))
    rows = coverage_rows({"coverage_by_length": by_length, "coverage_by_month": by_month})
    assert [label.rpartition(", ")[2] for label, _ in rows] == ["first 300", "all", "month 1"]
    assert rows[0][1] == "1.000 of 0.8 1.000 of 0.9 1.000 of 0.95 in 300 runs"
    assert coverage_rows({"forecast": 0}) == []


@pytest.mark.parametrize(
    ("within", "is_met"), [(0.0, True), (0.02, True), (0.021, False), (-0.03, False)]
)
def test_a_coverage_may_be_off_by_two_points(within: float, is_met: bool) -> None:
    """Intervals that are too wide, or too narrow, would pass."""
    judged = bars("log", _figures(5000, within, share=0.05))
    assert [bar.met for bar in judged.values()] == [True, is_met, is_met, is_met]


def test_a_model_worse_than_a_rule_is_missed() -> None:
    """Planning would be better off with a one-line rule."""
    assert not bars("log", _figures(10, 0, model=0.58))["log behind_best_rule"].met


def test_few_runs_and_few_steady_keys_are_not_judged() -> None:
    """One burst would decide whether a bar is met."""
    assert [*bars("log", _figures(999, 0.1))] == ["log behind_best_rule"]
    assert "log stable_by_key_within_tenth" not in bars("log", _figures(2000, 0, share=0.09))
    assert not bars("log", _figures(2000, 0))["log stable_by_key_within_tenth"].met
    assert bars("log", {"duration": {"forecast": 0}}) == {}


def test_every_bar_has_its_line() -> None:
    """A missed bar would go unseen in the table."""
    lines = bar_lines(bars("log", _figures(2000, 0.05))).splitlines()
    assert [line.rpartition(" ")[2] for line in lines] == ["met", *["MISSED"] * 4]
