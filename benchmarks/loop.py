"""The gain of decisions from learnt estimates: `python -m benchmarks.loop --instances DIR`.

Every trace (WfFormat) is one workload that is run again and again on a simulated fleet, planned
by the planner, executed by the rule of the dispatcher, recorded in a ledger and trained at night:
run ``k`` knows the runs before it and nothing else. The same draws are also run with the default
estimates and what users reserve (`default`), with the true medians (`known`: what no history can
beat) and with this very run's durations and peaks (`perfect`: nobody can know them). Prints a
table and, with `--json`, one JSON object as its last line.

Makespans are over the mean one of `perfect` on the same case. Waste is memory times time that was
reserved and not used, or used and not reserved, over what was wasted by default. A deadline is
missed by a run that takes a fifth longer than the middle one of `perfect`. `captured` is the part
of the gain from `default` to `perfect` that the learnt estimates bring, in the runs after the
20th; `captured_of_known` the part of that from `default` to `known`.

A step varies from run to run by a log-normal factor. Its sd is 0.04 unless --noise says
otherwise: what it is in the Nextflow history `sizey_iwd` among tasks of one process that read
the same amount (0.025 to 0.054 for 8 of 10 keys); among tasks of one process with other inputs
(`sizey_rnaseq`) it is 0.18. Peak memory varies by 0.05, and users reserve 1.7 to 5.2 times what is
needed, as in the same histories.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.bars import Bars, add_options, at_least, at_most, end
from benchmarks.loop_runs import ARMS, Again, Measured, case_of, runs_of
from tasks.ledger.connection import open_ledger
from tasks.planning.core.problem import Floats

LEARNT_AFTER = 20
"""Runs, after which estimates count as learnt."""

SLACK = 1.2
MIN_CAPTURED = 0.9
"""The part of the makespan that perfect estimates save, and learnt ones must."""

MEASURES = ("makespan", "waste", "missed")


@dataclass(frozen=True, slots=True, eq=False)
class Curve:
    """One case: for each measure and arm a value a run."""

    name: str
    values: Mapping[str, Mapping[str, Floats]]


def curve(name: str, runs: Sequence[Mapping[str, Measured]]) -> Curve:
    """Put the runs of one case on scales on which cases can be added up."""
    spans = {arm: np.array([run[arm].makespan for run in runs]) for arm in ARMS}
    lost = {arm: np.array([run[arm].waste + run[arm].short for run in runs]) for arm in ARMS}
    scale, wasted = spans["perfect"].mean(), lost["default"].mean() or 1.0
    deadline = SLACK * np.median(spans["perfect"])
    return Curve(
        name,
        {
            "makespan": {arm: spans[arm] / scale for arm in ARMS},
            "waste": {arm: lost[arm] / wasted for arm in ARMS},
            "missed": {arm: (spans[arm] > deadline).astype(float) for arm in ARMS},
        },
    )


def captured(curves: Sequence[Curve], measure: str, runs: slice, best: str) -> float | None:
    """Return the part of the gain from the default to ``best``; None if there is none."""
    total = {
        arm: sum(float(each.values[measure][arm][runs].sum()) for each in curves) for arm in ARMS
    }
    possible = total["default"] - total[best]
    return round((total["default"] - total["learnt"]) / possible, 4) if possible > 0 else None


def summary(curves: Sequence[Curve], noise: float) -> dict[str, object]:
    """Return all figures as one JSON object."""
    late = slice(LEARNT_AFTER, None)
    runs = len(curves[0].values["makespan"]["learnt"])
    spans = [each.values["makespan"] for each in curves]
    return {
        "benchmark": "loop",
        "noise": noise,
        "cases": len(curves),
        "runs": runs,
        "captured": {name: captured(curves, name, late, "perfect") for name in MEASURES},
        "captured_of_known": {name: captured(curves, name, late, "known") for name in MEASURES},
        "first_run_worse_than_default": first_runs_worse(curves),
        "worse_than_default_percent": round(
            100 * float(np.mean([span["learnt"] > 1.01 * span["default"] for span in spans])), 2
        ),
        "mean_after_20": {
            name: {arm: _mean([each.values[name][arm][late] for each in curves]) for arm in ARMS}
            for name in MEASURES
        },
        "captured_by_run": {
            name: [captured(curves, name, slice(k, k + 1), "perfect") for k in range(runs)]
            for name in MEASURES
        },
        "by_case": {
            each.name: {name: captured([each], name, late, "perfect") for name in MEASURES}
            for each in curves
        },
    }


def first_runs_worse(curves: Sequence[Curve]) -> int:
    """Return in how many cases the first run took longer than by the default estimates."""
    spans = [each.values["makespan"] for each in curves]
    return sum(bool(span["learnt"][0] > span["default"][0]) for span in spans)


def table(curves: Sequence[Curve]) -> Iterator[str]:
    """Return lines of a table: a run a row, every measure under every arm a column."""
    yield "      " + "".join(f"{name:>{9 * len(ARMS)}} {'gain':>6}" for name in MEASURES)
    yield "  run " + "".join("".join(f"{arm:>9}" for arm in ARMS) + "       " for _ in MEASURES)
    for run in range(len(curves[0].values["makespan"]["learnt"])):
        row = f"{run + 1:5} "
        for name in MEASURES:
            by_arm = [[each.values[name][arm][run : run + 1] for each in curves] for arm in ARMS]
            part = captured(curves, name, slice(run, run + 1), "perfect")
            row += "".join(f"{_mean(values):9.3f}" for values in by_arm)
            row += f"{'' if part is None else f'{part:.0%}':>7}"
        yield row


def _mean(values: Sequence[Floats]) -> float:
    return round(float(np.concatenate(values).mean()), 4)


def measure(folder: Path, fleets: Sequence[str], seeds: int, again: Again) -> Iterator[Curve]:
    """Run every trace of ``folder`` on every fleet with every seed."""
    for seed in range(1, seeds + 1):
        for fleet in fleets:
            for path in sorted(folder.rglob("*.json")):
                case = case_of(path, fleet, seed)
                with tempfile.TemporaryDirectory() as kept:
                    ledger = open_ledger(f"sqlite:///{kept}/ledger.db")
                    try:
                        runs = list(runs_of(case, ledger, again, seed))
                    finally:
                        ledger.close()
                yield curve(f"{case.name}, seed {seed}", runs)


def bars(captured_makespan: float | None, first_run_worse: int) -> Bars:
    """Return the bars: what learnt estimates save in time, and first runs that they make worse."""
    return {
        "captured_makespan": at_least(captured_makespan, MIN_CAPTURED),
        "first_run_worse_than_default": at_most(first_run_worse, 0),
    }


def main(arguments: Sequence[str] | None = None) -> int:
    """Simulate and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--instances", type=Path, required=True, help="a folder of WfFormat traces")
    parser.add_argument("--providers", default="4,het8", help="fleets: 2, 4, 8, 16 or het8")
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--noise", type=float, default=0.04, help="sd of the log of a duration")
    parser.add_argument("--runs", type=int, default=25)
    parser.add_argument("--runs-a-day", type=int, default=10, help="training is at night")
    add_options(parser)
    options = parser.parse_args(arguments)
    again = Again(options.runs, options.runs_a_day, options.noise)
    curves = list(measure(options.instances, options.providers.split(","), options.seeds, again))
    if not curves:
        raise SystemExit(
            f"loop: {options.instances} holds no trace; name a folder with --instances"
        )
    print("\n".join(table(curves)))
    late = slice(LEARNT_AFTER, None)
    captured_makespan = captured(curves, "makespan", late, "perfect")
    return end(
        options, summary(curves, options.noise), bars(captured_makespan, first_runs_worse(curves))
    )


if __name__ == "__main__":
    sys.exit(main())
