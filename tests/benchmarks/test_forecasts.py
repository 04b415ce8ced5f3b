"""The benchmark of forecasts."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analytics.history.columns import typed
from benchmarks.forecasts import measure
from benchmarks.importers.formats import read_history

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
def test_every_figure_is_there() -> None:
    """A bar could not be checked, or a history without failures would break it."""
    at = np.arange(70) * 100.0
    rows = {"key": "a", "state": "succeeded", "started_at": at, "seconds": 12.0}
    figures = measure(typed(pd.DataFrame(rows)))
    assert figures["duration"]["min_max_ratio"]["model"] == pytest.approx(1)
    assert figures["duration"]["stable_keys"]["key"]["within_tenth"] == 1
    assert figures["duration"]["same_class"] == 1
    assert figures["duration"]["intervals"]["central_90"]["overall"] == 1
    assert figures["failures"]["auc"] is None


@pytest.mark.integration
def test_the_command_of_the_readme_measures_a_csv(tmp_path: Path) -> None:
    """Who comes from elsewhere could not see what would be foreseen of their own runs."""
    lines = ["key,seconds", *(f"build,{30 + turn % 3}" for turn in range(80))]
    (tmp_path / "history.csv").write_text("\n".join(lines))
    command = "python -m benchmarks.forecasts --history history.csv --json"
    completed = subprocess.run(
        [sys.executable, *shlex.split(command)[1:]],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    figures = json.loads(completed.stdout.splitlines()[-1])
    assert figures["duration"]["min_max_ratio"]["model"] > 0.9
    assert figures["duration"]["same_class"] == 1
    assert figures["duration"]["coverage_by_length"]["all"]["upper_95"] > 0.9
    assert figures["bars"]["history.csv behind_best_rule"]["met"]


@pytest.mark.integration
def test_several_histories_are_measured_in_one_run(tmp_path: Path) -> None:
    """Versions would be compared on one log, to which they may be tuned; or a miss go unseen."""
    steady = "\n".join(["key,seconds", *(f"build,{30 + turn % 3}" for turn in range(80))])
    swinging = "\n".join(["key,seconds", *(f"test,{10 ** (turn % 4)}" for turn in range(12))])
    for name, lines in (("steady.csv", steady), ("swinging.csv", swinging)):
        (tmp_path / name).write_text(lines)
    command = "-m benchmarks.forecasts --json --check --history steady.csv swinging.csv"
    completed = subprocess.run(
        [sys.executable, *command.split()],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    figures = json.loads(completed.stdout.splitlines()[-1])
    assert [of["history"] for of in figures["histories"]] == ["steady.csv", "swinging.csv"]
    assert completed.returncode == (not all(bar["met"] for bar in figures["bars"].values()))


@pytest.fixture(params=[0, 1])
def trace(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """Give a Nextflow trace of four processes whose tasks take as long as their input is large."""
    rng = np.random.default_rng(request.param)
    lines, submit = ["process,tag,status,exit,submit,start,complete,realtime,rchar"], 0.0
    for number in range(1200):
        process = int(rng.integers(4))
        size = rng.lognormal(18 + process, 0.7)
        milliseconds = size / 1e5 * (1 + process) * rng.lognormal(0, 0.1)
        submit += rng.exponential(20_000)
        times = f"{submit:.0f},{submit + 500:.0f},{submit + 500 + milliseconds:.0f}"
        task = f"P{process},s{number},COMPLETED,0"
        lines.append(f"{task},{times},{milliseconds:.0f},{size:.0f}")
    path = tmp_path / "trace.csv"
    path.write_text("\n".join(lines))
    return path


@pytest.mark.integration
@pytest.mark.parametrize("size", [None, "rchar"])
def test_traces_are_forecast_as_well_as_by_the_best_rule(trace: Path, size: str | None) -> None:
    """Planning would be better off with a one-line rule."""
    ratios = measure(read_history(trace, input_size=size))["duration"]["min_max_ratio"]
    rules = ("last_run", "last_two_mean", "median_of_20")
    assert ratios["model"] >= max(ratios[rule] for rule in rules) - 0.01
    assert size is None or ratios["model"] >= 0.75
