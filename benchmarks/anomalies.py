"""Anomalies against labels, and slow-downs put into real histories.

Goal: a key half as slow again is found within 5 runs, recall at least 0.9, at most 10 alarms in
1,000 real runs; precision and recall on the labelled series beside a plain z-score.
``python -m benchmarks.anomalies --history DIR --json --check`` takes a folder with any of: logs in Standard
Workload Format, Nextflow traces as CSV, and a Numenta folder with ``combined_windows.json``.
"""

from __future__ import annotations

import argparse
import gzip
import math
import statistics
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from analytics.insights.regressions import (
    MIN_RUNS,
    REMEMBERED_RUNS,
    STABLE_DEVIATION,
    KeyWatch,
    TimedRun,
)
from benchmarks.bars import Bars, add_options, at_least, at_most, end
from benchmarks.labelled_series import Hits, compare

SLOWER = 1.5
WITHIN = 5
MIN_RECALL = 0.9
MAX_ALARMS = 10.0
"""In 1,000 runs that nobody has slowed."""

Keys = dict[str, list[TimedRun]]


def of_log(history: Path) -> Keys:
    """Return a log's completed jobs by user, processors, requested time and application."""
    opened = gzip.open if history.suffix == ".gz" else open
    with opened(history, "rt", encoding="utf-8", errors="replace") as lines:
        rows = [line.split() for line in lines if line.strip() and not line.startswith(";")]
    runs: list[TimedRun] = []
    for row in rows:
        submitted, waited, seconds = (float(row[column]) for column in (1, 2, 3))
        if seconds > 0 and row[10] == "1":
            key = " ".join(row[column] for column in (11, 4, 8, 13))
            runs.append(TimedRun(key, row[0], submitted + max(waited, 0.0) + seconds, seconds))
    return _by_key(runs)


def of_trace(history: Path) -> Keys:
    """Return a Nextflow trace's completed tasks by process."""
    table = pd.read_csv(history, low_memory=False)
    table = table[table["status"] == "COMPLETED"]
    columns = ("process", "task_id", "complete", "realtime")
    return _by_key(
        TimedRun(str(key), str(run), float(ended) / 1000, max(float(seconds), 1.0) / 1000)
        for key, run, ended, seconds in zip(*(table[name] for name in columns), strict=True)
    )


def _by_key(runs: Iterable[TimedRun]) -> Keys:
    keys: Keys = defaultdict(list)
    for run in sorted(runs, key=lambda run: run.ended_at):
        keys[run.key].append(run)
    return keys


def _spread(runs: Sequence[TimedRun]) -> float:
    return statistics.stdev(math.log(run.seconds) for run in runs)


def stable_moments(runs: Sequence[TimedRun]) -> Iterator[tuple[int, bool]]:
    """Yield moments with a stable past, and whether the next five runs really stay stable."""
    for at in range(MIN_RUNS, len(runs) - WITHIN + 1):
        past = runs[max(0, at - REMEMBERED_RUNS) : at]
        if _spread(past) < STABLE_DEVIATION:
            yield at, _spread([*past, *runs[at : at + WITHIN]]) < STABLE_DEVIATION


def delay(runs: Sequence[TimedRun], at: int) -> int | None:
    """Return how many slowed runs it takes to find a slow-down from ``at`` on."""
    watch = KeyWatch()
    for run in runs[:at]:
        watch.see(run)
    for count, run in enumerate(runs[at : at + WITHIN], start=1):
        if watch.see(replace(run, seconds=run.seconds * SLOWER)):
            return count
    return None


def slow_downs(keys: Keys) -> dict[str, Any]:
    """Slow each key at the first, the middle and the last of its stable moments."""
    watched = alarms = 0
    delays: dict[str, list[int | None]] = {"steady": [], "any": []}
    for runs in keys.values():
        watch = KeyWatch()
        for run in runs:
            watched += watch.watching
            alarms += watch.see(run) is not None
        moments = list(stable_moments(runs))
        for name, starts in (
            ("steady", [at for at, stays in moments if stays]),
            ("any", [at for at, _ in moments]),
        ):
            picked = {starts[0], starts[len(starts) // 2], starts[-1]} if starts else set()
            delays[name] += [delay(runs, at) for at in sorted(picked)]
    count = sum(map(len, keys.values()))
    return {
        "runs": count,
        "runs_of_stable_keys": watched,
        "alarms": alarms,
        "alarms_per_1000_runs": 1000 * alarms / max(count, 1),
        "alarms_per_1000_runs_of_stable_keys": 1000 * alarms / max(watched, 1),
        **_recalled("", delays["steady"]),
        **_recalled("_also_where_the_key_changes_by_itself", delays["any"]),
    }


def _recalled(suffix: str, delays: Sequence[int | None]) -> dict[str, float]:
    found_delays = [count for count in delays if count is not None]
    return {
        f"slowed{suffix}": len(delays),
        f"recall{suffix}": len(found_delays) / max(len(delays), 1),
        f"delay_runs{suffix}": statistics.fmean(found_delays) if found_delays else 0.0,
    }


def measure(folder: Path) -> dict[str, Any]:
    """Return the figures of every history in a folder, by its name."""
    histories = {path.name: of_log(path) for path in sorted(folder.rglob("*.swf*"))}
    for path in sorted(folder.glob("*.csv*")):
        if "realtime" in pd.read_csv(path, nrows=0).columns:
            histories[path.name] = of_trace(path)
    series = {
        name: hits_by_detector
        for labels in sorted(folder.rglob("combined_windows.json"))
        for name, hits_by_detector in compare(labels.parent).items()
    }
    totals = {
        who: sum(
            (hits_by_detector[who] for hits_by_detector in series.values()), Hits(0, 0, 0, 0)
        ).figures()
        for who in ("ours", "plain z-score")
    }
    return {
        "regressions": {name: slow_downs(keys) for name, keys in histories.items()},
        "labelled": {
            name: {who: hits.figures() for who, hits in hits_by_detector.items()}
            for name, hits_by_detector in series.items()
        },
        "labelled_in_all": totals,
    }


def bars(regressions: Mapping[str, Mapping[str, float]]) -> Bars:
    """Return the bars of every history; one without stable keys has none of recall."""
    recalls = {
        f"{name}: recall": at_least(figures["recall"], MIN_RECALL)
        for name, figures in regressions.items()
        if figures["slowed"]
    }
    return recalls | {
        f"{name}: alarms_per_1000_runs": at_most(figures["alarms_per_1000_runs"], MAX_ALARMS)
        for name, figures in regressions.items()
    }


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, and print which bars were met."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--history", type=Path, required=True, help="folder of histories")
    add_options(parser)
    options = parser.parse_args(arguments)
    results = measure(options.history)
    for name, figures in results["regressions"].items():
        print(name, *(f"\n  {key:>60} {value:.5g}" for key, value in figures.items()))
    for name, by in [*results["labelled"].items(), ("all", results["labelled_in_all"])]:
        for who, figures in by.items():
            rounded = (f"{key} {value:.2f}" for key, value in figures.items())
            print(f"{name:>34} {who:>14}", *rounded)
    return end(options, {"benchmark": "anomalies", **results}, bars(results["regressions"]))


if __name__ == "__main__":
    sys.exit(main())
