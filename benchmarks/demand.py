"""Demand forecasts against the seasonal naive, in the order of time.

Goal: MASE at least 15 % below the better of the daily and the weekly seasonal naive on most series,
24 and 168 h ahead; M4 Hourly at most 1.0 in under a minute, where the seasonal naive has 1.193.
``python -m benchmarks.demand --history jobs.swf.gz --json --check`` takes a log in Standard Workload
Format, or ``M4-Hourly-train.csv.gz`` with its ``-test`` beside it.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import statistics
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from analytics.demand.forecast import Demand, forecast
from analytics.statistics.seasonal import DAY_HOURS, WEEK_HOURS, Values, seasonal_naive
from benchmarks.bars import Bars, add_options, at_most, end
from benchmarks.batch_jobs import series

AHEAD = (24, 168)
M4_HORIZON = 48
M4_NAME = "M4 Hourly"
GOAL = 0.85
M4_MASE = 1.0
M4_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Trial:
    """The forecasts of one series from one origin, and the actual values; ``scale`` is MASE's."""

    demand: Demand
    daily: Values
    weekly: Values
    actual: Values
    scale: float


def trial(values: Values, origin: int, horizon: int) -> Trial | None:
    """Forecast the hours after ``origin`` from those before; None if the past is constant."""
    past, actual = values[:origin], values[origin : origin + horizon]
    demand = forecast(past, horizon)
    scale = float(np.abs(past[DAY_HOURS:] - past[:-DAY_HOURS]).mean())
    if demand is None or not scale:
        return None
    naive = [seasonal_naive(past, horizon, period) for period in (DAY_HOURS, WEEK_HOURS)]
    return Trial(demand, naive[0], naive[1], actual, scale)


def scores(trials: Sequence[Trial], hours: int) -> dict[str, float]:
    """Return the figures over the first ``hours`` ahead of all trials of one series."""

    def mase(forecaster: str) -> float:
        return statistics.fmean(
            float(np.abs(_median_or_naive(tested, forecaster) - tested.actual)[:hours].mean())
            / tested.scale
            for tested in trials
        )

    model, daily, weekly = mase("median"), mase("daily"), mase("weekly")
    actual = np.array([tested.actual[:hours] for tested in trials])
    median = np.array([tested.demand.median[:hours] for tested in trials])
    mean = np.array([tested.demand.mean[:hours] for tested in trials])
    low = np.array([tested.demand.low[:hours] for tested in trials])
    high = np.array([tested.demand.high[:hours] for tested in trials])
    total = max(float(actual.sum()), 1e-9)
    return {
        "mase": model,
        "mase_daily_naive": daily,
        "mase_weekly_naive": weekly,
        "of_better_naive": model / max(min(daily, weekly), 1e-9),
        "wape": float(np.abs(median - actual).sum()) / total,
        "total_error": float(mean.sum() - actual.sum()) / total,
        "inside_80_percent_band": float(((actual >= low) & (actual <= high)).mean()),
    }


def _median_or_naive(tested: Trial, forecaster: str) -> Values:
    return (
        tested.demand.median if forecaster == "median" else np.asarray(getattr(tested, forecaster))
    )


def of_jobs(history: Path, origins: int) -> dict[str, Any]:
    """Forecast every series of a log from ``origins`` moments of its last 30 percent."""
    table = series(history)
    rows: dict[str, dict[str, dict[str, float]]] = {}
    for name in table:
        values = table[name].to_numpy(float)
        last = len(values) - AHEAD[-1]
        moments = np.linspace(int(0.7 * len(values)), last, origins).astype(int)
        trials = [tested for at in moments if (tested := trial(values, int(at), AHEAD[-1]))]
        if trials and any(tested.actual.any() for tested in trials):
            rows[str(name)] = {f"{hours} h": scores(trials, hours) for hours in AHEAD}
    met = {
        f"{hours} h": sum(row[f"{hours} h"]["of_better_naive"] <= GOAL for row in rows.values())
        for hours in AHEAD
    }
    return {"hours": len(table), "origins": origins, "series": rows, "of": len(rows), "met": met}


def of_m4(train: Path) -> dict[str, Any]:
    """Forecast the last two days of every M4 series, which the method has not seen."""
    past, actual = _m4(train), _m4(train.with_name(train.name.replace("train", "test")))
    started, worked, trials = time.monotonic(), time.process_time(), []
    for name, values in past.items():
        whole = np.concatenate([values, actual[name]])
        if tested := trial(whole, len(values), M4_HORIZON):
            trials.append(tested)
    row = scores(trials, M4_HORIZON)
    del row["total_error"]  # the series are of other units: their sum means nothing
    del row["wape"]
    wapes = [
        float(np.abs(tested.demand.median - tested.actual).sum() / tested.actual.sum())
        for tested in trials
    ]
    row |= {
        "wape_median": statistics.median(wapes),
        "seconds": time.monotonic() - started,
        "cpu_seconds": time.process_time() - worked,
    }
    return {"series": {M4_NAME: {f"{M4_HORIZON} h": row}}, "of": len(trials)}


def _m4(path: Path) -> dict[str, Values]:
    opened = gzip.open if path.suffix == ".gz" else open
    with opened(path, "rt", encoding="utf-8") as lines:
        next(lines)
        return {
            row[0]: np.array([float(value) for value in row[1:] if value not in {"", "NA"}])
            for row in csv.reader(lines)
        }


def bars_of_jobs(rows: Mapping[str, Mapping[str, Mapping[str, float]]]) -> Bars:
    """Return the bars of a log: the middle series beside the better of its seasonal naives."""
    return {
        f"of_better_naive_median, {hours} h": at_most(
            statistics.median(row[f"{hours} h"]["of_better_naive"] for row in rows.values()), GOAL
        )
        for hours in AHEAD
        if rows
    }


def bars_of_m4(mase: float, seconds: float) -> Bars:
    """Return the bars of M4 Hourly: the error, and the time for all series."""
    return {"mase": at_most(mase, M4_MASE), "seconds": at_most(seconds, M4_SECONDS)}


def bars(figures: Mapping[str, Any]) -> Bars:
    """Return the bars of what was measured, a log or M4 Hourly."""
    m4 = figures["series"].get(M4_NAME)
    if m4 is None:
        return bars_of_jobs(figures["series"])
    return bars_of_m4(m4[f"{M4_HORIZON} h"]["mase"], m4[f"{M4_HORIZON} h"]["seconds"])


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, and print which bars were met."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--history", type=Path, required=True, help="SWF log or M4 train file")
    parser.add_argument("--origins", type=int, default=40, help="moments to forecast from")
    add_options(parser)
    options = parser.parse_args(arguments)
    is_m4 = ".csv" in options.history.name
    figures = of_m4(options.history) if is_m4 else of_jobs(options.history, options.origins)
    for name, by_hours in figures["series"].items():
        for hours, row in by_hours.items():
            print(f"{name:>24} {hours:>6}", *(f"{key} {value:.3f}" for key, value in row.items()))
    print(*(f"{key} {value}" for key, value in figures.items() if key != "series"))
    return end(options, {"benchmark": "demand", **figures}, bars(figures))


if __name__ == "__main__":
    sys.exit(main())
