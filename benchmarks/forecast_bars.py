"""Coverage of intervals by the length of a history and by month, and the bars of the forecasts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from analytics.durations.scores import intervals
from analytics.statistics.averages import Floats
from benchmarks.bars import Bar, Bars, at_least, at_most

# The coverage of the two central intervals, and of the upper bound alone.
PROMISED = {"central_80": 0.8, "central_90": 0.9, "upper_95": 0.95}
PREFIXES = (300, 1000, 3000, 10_000, 30_000)
MONTH_SECONDS = 30 * 86_400.0
COVERAGE_TOLERANCE = 0.02
POINT_TOLERANCE = 0.01
STABLE_GOAL = 0.8
# Steady keys are judged where they make up this share of the runs.
STABLE_SHARE = 0.1
# In fewer runs one burst decides; they are shown, but not judged.
MIN_RUNS_JUDGED = 1000
MIN_RUNS_SHOWN = 50


def coverages(bounds: Floats, actual: Floats) -> dict[str, float]:
    """Return the share of the runs within each of ``PROMISED``, and the number of ``runs``."""
    measured = intervals(bounds, actual)
    shares = {name: round(measured[name].overall, 4) for name in PROMISED}
    return {"runs": len(actual), **shares}


def coverage_by_length(bounds: Floats, actual: Floats) -> dict[str, dict[str, float]]:
    """Return the coverages of the first runs of a history, from 300 to all."""
    lengths = [length for length in PREFIXES if length < len(actual)]
    prefixes = {f"first {n:,}": coverages(bounds[:n], actual[:n]) for n in lengths}
    return prefixes | {"all": coverages(bounds, actual)}


def coverage_by_month(
    bounds: Floats, actual: Floats, submitted: Floats
) -> dict[str, dict[str, float]]:
    """Return the coverages of the runs of every 30 days in which at least 50 were submitted."""
    month = ((submitted - submitted.min()) // MONTH_SECONDS).astype(int)
    rows_by_month = {int(number): month == number for number in np.unique(month)}
    return {
        f"month {number + 1}": coverages(bounds[rows], actual[rows])
        for number, rows in rows_by_month.items()
        if rows.sum() >= MIN_RUNS_SHOWN
    }


def coverage_rows(duration: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return a label and a text for each length of the history and each month."""
    measured = duration.get("coverage_by_length", {}) | duration.get("coverage_by_month", {})
    return [
        (
            f"duration: covered, {name}",
            " ".join(f"{of[interval]:.3f} of {goal}" for interval, goal in PROMISED.items())
            + f" in {of['runs']} runs",
        )
        for name, of in measured.items()
    ]


def bars(name: str, figures: Mapping[str, Any]) -> dict[str, Bar]:
    """Return the bars of one history, whose ``name`` each begins with."""
    duration = figures["duration"]
    if not duration["forecast"]:
        return {}
    ratios = duration["min_max_ratio"]
    rules = [ratios[rule] for rule in ("last_run", "last_two_mean", "median_of_20")]
    by_figure: dict[str, Bar] = {}
    if None not in {*rules, ratios["model"]}:
        behind = round(max(rules) - ratios["model"], 4)
        by_figure["behind_best_rule"] = at_most(behind, POINT_TOLERANCE)
    if duration["forecast"] >= MIN_RUNS_JUDGED:
        for interval, promised in PROMISED.items():
            off = round(abs(duration["intervals"][interval]["overall"] - promised), 4)
            by_figure[f"{interval}_off_by"] = at_most(off, COVERAGE_TOLERANCE)
        for level, stable in duration["stable_keys"].items():
            if stable and stable["share"] >= STABLE_SHARE:
                bar = at_least(stable["within_tenth"], STABLE_GOAL)
                by_figure[f"stable_by_{level}_within_tenth"] = bar
    return {f"{name} {figure}": bar for figure, bar in by_figure.items()}


def bar_lines(by_name: Bars) -> str:
    """Return a line for each bar: its value, its limit, and whether it is met."""
    return "\n".join(
        f"{name:<52}{bar.value:.4f}, limit {bar.limit}: {'met' if bar.met else 'MISSED'}"
        for name, bar in by_name.items()
    )
