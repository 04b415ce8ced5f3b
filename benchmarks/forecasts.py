"""The accuracy of forecasts on histories: `python -m benchmarks.forecasts --history FILE`.

A file is an SWF log, a Nextflow trace or a CSV (see benchmarks/importers), gzipped or not. Every
run is forecast at its submission from what had ended by then. Beside the model stand the simple
rules, on the same runs. ``--input-size COLUMN`` tells the model the size of each task's input, as
a user knows it who submits one; without it no such column is read. ``--synthetic`` measures the
logs of ``synthetic_logs``, all of them where none is named and no history is given.

Goals: 80 and 90 % intervals and the 95th percentile cover that share of the runs within 2 points,
the point is at most .01 behind the best simple rule, and steady keys are within 10 % for 80 %.
"""

from __future__ import annotations

import argparse
import resource
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from analytics.durations.rolling import Forecasts, forecast
from analytics.durations.scores import auc, brier, in_class, intervals, min_max_ratio, stable
from analytics.failures.model import Failures, predict_failures
from analytics.history.features import RunFeatures, compute_features
from analytics.statistics.averages import Mask
from benchmarks.bars import Bar, add_options, end
from benchmarks.forecast_bars import (
    bar_lines,
    bars,
    coverage_by_length,
    coverage_by_month,
    coverage_rows,
)
from benchmarks.importers.formats import FORMATS, read_history
from benchmarks.synthetic_logs import TRAITS, synthetic_log

SIMPLE = {"last_run": "last run", "last_two_mean": "mean of 2", "median_of_20": "median of 20"}
_MIB_PER_UNIT = 1 / 1024 if sys.platform != "darwin" else 1 / 1024**2


def measure(table: pd.DataFrame) -> dict[str, Any]:
    """Return every figure of one history."""
    started = time.perf_counter()
    features = compute_features(table)
    durations = forecast(table, features=features)
    failures = predict_failures(table)
    seconds = time.perf_counter() - started
    figures = {
        "runs": len(table),
        "states": {str(name): int(n) for name, n in table["state"].value_counts().items()},
        "duration": _durations(durations),
        "failures": _failures(failures),
        "training_seconds": round(seconds, 1),
        "peak_memory_mib": round(
            resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _MIB_PER_UNIT
        ),
    }
    if table["memory_mib"].notna().any():
        figures["memory"] = _durations(forecast(table, "memory_mib"))
    return figures


def _durations(forecasts: Forecasts) -> dict[str, Any]:
    table, actual = forecasts.table, forecasts.table[forecasts.target].to_numpy(float)
    trainable = (table["is_trainable"] & table[forecasts.target].ge(0)).to_numpy()
    is_forecast = trainable & ~np.isnan(forecasts.point)
    if not is_forecast.any():
        return {"forecast": 0, "abstained": int(trainable.sum())}
    key, finest = _of(forecasts.run_features, "key"), forecasts.run_features.levels[0]
    compared = is_forecast & ~np.isnan(key["last run"])
    succeeded = compared & table["state"].eq("succeeded").to_numpy()
    return {
        "forecast": int(is_forecast.sum()),
        "abstained": int(trainable.sum() - is_forecast.sum()),
        "compared": int(compared.sum()),
        "min_max_ratio": {
            "all_forecast": _mean(min_max_ratio(forecasts.point, actual), is_forecast),
            "model": _mean(min_max_ratio(forecasts.point, actual), compared),
            **_simple(key, actual, compared),
            "succeeded_only": {
                "model": _mean(min_max_ratio(forecasts.point, actual), succeeded),
                **_simple(key, actual, succeeded),
            },
            "finest_or_key": _simple(_backed_off(forecasts.run_features), actual, compared),
        },
        "same_class": _mean(in_class(forecasts.point, actual), is_forecast),
        "intervals": {
            name: _rounded(asdict(measured))
            for name, measured in intervals(
                forecasts.bounds[is_forecast], actual[is_forecast]
            ).items()
        },
        "coverage_by_length": coverage_by_length(
            forecasts.bounds[is_forecast], actual[is_forecast]
        ),
        "coverage_by_month": coverage_by_month(
            forecasts.bounds[is_forecast],
            actual[is_forecast],
            table["submitted_at"].to_numpy(float)[is_forecast],
        ),
        "stable_keys": {
            "key": _stable(forecasts, actual, is_forecast, "key"),
            finest: _stable(forecasts, actual, is_forecast, finest),
        },
        "source": {
            forecasts.rules[rule]: int(n)
            for rule, n in zip(
                *np.unique(forecasts.rule[is_forecast], return_counts=True), strict=True
            )
        },
    }


def _of(features: RunFeatures, level: str) -> dict[str, np.ndarray[Any, np.dtype[np.float64]]]:
    rules = {**SIMPLE, "": "last run"}.values()
    columns = {rule: features.rule_names.index(f"{rule} of {level}") for rule in rules}
    return {rule: np.exp(features.rules[:, column]) for rule, column in columns.items()}


def _backed_off(features: RunFeatures) -> dict[str, np.ndarray[Any, np.dtype[np.float64]]]:
    """Return the simple rules on the finest group that has a past, down to the key."""
    values = _of(features, "key")
    for level in reversed(features.levels[: features.levels.index("key")]):
        finer = _of(features, level)
        values = {
            rule: np.where(np.isnan(finer[rule]), values[rule], finer[rule]) for rule in values
        }
    return values


def _simple(rules: dict[str, Any], actual: Any, rows: Mask) -> dict[str, float | None]:
    return {name: _mean(min_max_ratio(rules[rule], actual), rows) for name, rule in SIMPLE.items()}


def _stable(
    forecasts: Forecasts, actual: Any, is_forecast: Mask, level: str
) -> dict[str, float] | None:
    names, matrix = forecasts.run_features.names, forecasts.run_features.matrix.astype(float)
    runs, spread = (
        matrix[is_forecast, names.index(f"{fact} of {level}")] for fact in ("runs", "spread")
    )
    scored = stable(forecasts.point[is_forecast], actual[is_forecast], runs, spread)
    return _rounded(asdict(scored)) if scored else None


def _failures(failures: Failures) -> dict[str, Any]:
    is_forecast = ~np.isnan(failures.probability) & ~np.isnan(failures.failed)
    if not is_forecast.any():
        return {"forecast": 0}
    probability, failed = failures.probability[is_forecast], failures.failed[is_forecast]
    area = auc(probability, failed)
    return {
        "forecast": int(is_forecast.sum()),
        "share": round(float(failed.mean()), 4),
        "auc": None if area is None else round(area, 4),
        "brier": round(brier(probability, failed), 4),
        "brier_of_constant": round(brier(np.full(len(failed), failed.mean()), failed), 4),
    }


def _mean(values: Any, rows: Mask) -> float | None:
    return round(float(values[rows].mean()), 4) if rows.any() else None


def _rounded(values: dict[str, float]) -> dict[str, float]:
    return {name: round(value, 4) for name, value in values.items()}


def _table(figures: dict[str, Any]) -> str:
    rows = []
    for target in ("duration", "memory"):
        for name, value in figures.get(target, {}).get("min_max_ratio", {}).items():
            if not isinstance(value, dict):
                rows.append((f"{target}: min/max ratio, {name}", value))
        for name, value in figures.get(target, {}).get("intervals", {}).items():
            text = f"{value['overall']:.3f}, worst tenth {value['worst_tenth']:.3f}"
            rows.append((f"{target}: {name}", f"{text}, width x{value['width']:.2f}"))
        if target == "duration":
            rows += coverage_rows(figures[target])
        if target == "duration" and "same_class" in figures[target]:
            rows.append(
                ("duration: foreseen in its class of length", figures[target]["same_class"])
            )
        for level, value in figures.get(target, {}).get("stable_keys", {}).items():
            if value:
                text = f"{value['within_tenth']:.3f} of {value['share']:.1%} of the runs"
                rows.append((f"{target}: stable by {level}, within 10 %", text))
    rows += [(f"failures: {name}", value) for name, value in figures["failures"].items()]
    rows += [(name, figures[name]) for name in ("runs", "training_seconds", "peak_memory_mib")]
    return "\n".join(f"{name:<42}{value}" for name, value in rows)


def _histories(options: argparse.Namespace) -> Iterator[tuple[str, pd.DataFrame]]:
    """Yield the name and the runs of each history that was asked for."""
    for path in options.history:
        yield path.name, read_history(path, options.format, options.input_size)
    # Without names, --synthetic stands for all of them.
    names = options.synthetic or (
        [*TRAITS] if options.synthetic == [] or not options.history else []
    )
    for name in names:
        yield f"synthetic {name}", synthetic_log(TRAITS[name])


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure each history, and print a table and which bars were met."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--history", type=Path, nargs="+", action="extend", default=[])
    parser.add_argument("--synthetic", nargs="*", choices=TRAITS)
    parser.add_argument("--format", choices=FORMATS)
    parser.add_argument("--input-size", metavar="COLUMN")
    add_options(parser)
    options = parser.parse_args(arguments)
    measured: list[dict[str, Any]] = []
    all_bars: dict[str, Bar] = {}
    for name, table in _histories(options):
        figures = measure(table)
        measured.append({"history": name, **figures})
        all_bars |= (bars_of_history := bars(name, figures))
        print(f"== {name}", _table(figures), bar_lines(bars_of_history), sep="\n", flush=True)
    # The figures of a single history stand at the top.
    values = measured[0] if len(measured) == 1 else {"histories": measured}
    return end(options, {"benchmark": "forecasts", **values}, all_bars)


if __name__ == "__main__":
    sys.exit(main())
