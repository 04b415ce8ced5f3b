"""The distance of plans from the optimum, and the cost of running without a plan.

`python -m benchmarks.planning --instances DIR [--family stg|wfformat|...] [--providers 2|4|8|16|het8]
[--time-limit 5] [--noise 0.3] [--json] [--check]` prints a table and, with `--json`, one JSON object as its last line.
`python -m benchmarks.planning --scale 10000,100000` times first plans of random layered graphs,
plans of a few steps, and a dry run of 1,000 steps.

A gap is that of the makespan over the optimum or the best known makespan where there is one, else
over the lower bound (see `tasks.planning.bound`); `simple_gap_percent` is the one over the
larger of critical path and work alone. With `--noise 0.3` a step takes, in fact, between 0.7 and
1.3 times what planning expects, equally likely; the gap is then over the bound of the durations
drawn, and `rigid plan` keeps places and order of the improved plan instead of the rule.
"""

from __future__ import annotations

import argparse
import importlib
import pkgutil
import sys
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import benchmarks.instances
from benchmarks.bars import Bars, add_options, end
from benchmarks.instances.interface import PLANNED, Case, Family, Options, Outcome
from benchmarks.planning_bars import plan_bars, scale_bars, time_bars
from benchmarks.planning_scale import (
    dry_run_seconds,
    first_use_seconds,
    scale_table,
    scales,
    small_plan_seconds,
)

_EQUAL = 1e-6
_NO_FAMILIES = {"interface", "fleets"}
_GREEDY = {"greedy", "greedy FIFO"}


@dataclass(frozen=True, slots=True)
class Result:
    """What one method reached on one case, and in how many milliseconds."""

    case: Case
    method: str
    outcome: Outcome
    milliseconds: float

    @property
    def gap_percent(self) -> float:
        """How far the makespan is over what it is measured against."""
        reference = self.outcome.reference or self.case.reference
        return 100 * (self.outcome.makespan / reference - 1) if reference else 0.0


def families() -> dict[str, Family]:
    """Return the modules of ``benchmarks.instances`` that are families, by name."""
    names = [item.name for item in pkgutil.iter_modules(benchmarks.instances.__path__)]
    modules = {
        name: importlib.import_module(f"benchmarks.instances.{name}")
        for name in names
        if name not in _NO_FAMILIES
    }
    return {name: module for name, module in modules.items() if hasattr(module, "cases")}


def family_of(folder: Path, name: str) -> tuple[str, Family]:
    """Return the family of that name, or else that of the instances in ``folder``."""
    known = families()
    held = [name] if name else [key for key, family in known.items() if family.holds(folder)]
    if len(held) != 1 or held[0] not in known:
        raise SystemExit(
            f"planning: --family: choose one of {', '.join(sorted(known))} for {folder}"
        )
    return held[0], known[held[0]]


def measure(cases: Iterator[Case]) -> Iterator[Result]:
    """Run every method of every case. What is compiled at its first use is not timed."""
    warm: set[str] = set()
    for case in cases:
        for method, run in case.methods.items():
            if method not in warm:
                warm.add(method)
                run()
            started = time.perf_counter()
            outcome = run()
            milliseconds = 1000 * (time.perf_counter() - started)
            # The check of the result may cost more than the result; then the case says so.
            yield Result(case, method, outcome, outcome.figures.get("ms", milliseconds))


def figures(results: Sequence[Result]) -> dict[str, float]:
    """Return the means over the results of one method."""
    count = len(results)
    found: dict[str, float] = {
        "instances": count,
        "mean_gap_percent": sum(r.gap_percent for r in results) / count,
        "max_gap_percent": max(r.gap_percent for r in results),
        "optimal_percent": 100 * sum(r.gap_percent <= 100 * _EQUAL for r in results) / count,
        "mean_ms": sum(r.milliseconds for r in results) / count,
    }
    for name in results[0].outcome.figures:
        if name != "ms":
            found[name] = sum(r.outcome.figures.get(name, 0.0) for r in results) / count
    return {name: round(value, 3) for name, value in found.items()}


def captured(results: Sequence[Result]) -> float | None:
    """Return how much of greedy's gap over the bound the plan removes; percent."""
    gaps = {
        method: sum(max(0.0, r.gap_percent) for r in results if r.method == method)
        for method in (PLANNED, "greedy")
    }
    return round(100 * (1 - gaps[PLANNED] / gaps["greedy"]), 2) if gaps["greedy"] else None


def summary(family: str, options: Options, results: Sequence[Result]) -> dict[str, object]:
    """Return all figures as one JSON object; those of the planner are at its top."""
    by_method: dict[str, list[Result]] = defaultdict(list)
    groups: dict[str, list[Result]] = defaultdict(list)
    for result in results:
        by_method[result.method].append(result)
        groups[result.case.group].append(result)
    return {
        "benchmark": "planning",
        "family": family,
        "noise": options.noise,
        "time_limit": options.time_limit,
        **figures(by_method[PLANNED]),
        "permitted_improvement_captured_percent": captured(results),
        "baselines": {name: figures(found) for name, found in by_method.items() if name != PLANNED},
        "groups": {name: _group(found) for name, found in groups.items()},
    }


def _group(results: Sequence[Result]) -> dict[str, object]:
    own = [result for result in results if result.method == PLANNED]
    return {**figures(own), "permitted_improvement_captured_percent": captured(results)}


def bars(family: str, noise: float, results: Sequence[Result]) -> Bars:
    """Return the bars of one family's results."""
    own = [result for result in results if result.method == PLANNED]
    groups: dict[str, list[Result]] = defaultdict(list)
    for result in own:
        groups[result.case.group].append(result)
    gaps = {name: figures(of_group)["mean_gap_percent"] for name, of_group in groups.items()}
    return plan_bars(
        family, noise, gaps, figures(own)["mean_gap_percent"], worse_than_greedy(results)
    )


def worse_than_greedy(results: Sequence[Result]) -> int:
    """Return how many plans take longer than what plain greedy makes of the same case."""
    greedy = {
        (result.case.group, result.case.name): result.outcome.makespan
        for result in results
        if result.method in _GREEDY
    }
    return sum(
        result.outcome.makespan > greedy[result.case.group, result.case.name] * (1 + _EQUAL)
        for result in results
        if result.method == PLANNED
    )


def table(results: Sequence[Result]) -> Iterator[str]:
    """Return lines of a table: a case a row, the gap of each method in percent a column."""
    methods = list(dict.fromkeys(result.method for result in results))
    yield f"{'gap, %':44}" + "".join(f"{name:>13}" for name in methods)
    rows: dict[tuple[str, str], dict[str, float]] = defaultdict(dict)
    for result in results:
        rows[result.case.group, result.case.name][result.method] = result.gap_percent
    for (group, name), gaps in rows.items():
        yield f"{group:15}{name[:28]:29}" + "".join(
            f"{gaps[m]:13.2f}" for m in methods if m in gaps
        )


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; with `--check` 1 where a bar is missed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--instances", type=Path, help="a folder of instances of one family")
    parser.add_argument("--family", default="", help="which; default: what the folder holds")
    parser.add_argument("--providers", action="append", default=[], help="2, 4, 8, 16 or het8")
    parser.add_argument("--time-limit", type=float, default=5.0, help="seconds for one plan")
    parser.add_argument("--noise", type=float, default=0.0, help="e.g. 0.3: 0.7 to 1.3 times")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--scale", default="", help="numbers of steps, e.g. 10000,100000")
    add_options(parser)
    options = parser.parse_args(arguments)
    if options.instances is None:
        small = small_plan_seconds()  # before anything is compiled
        first_use = {"first_use_seconds": first_use_seconds()}
        seconds = scales([int(item) for item in (options.scale or "10000").split(",")])
        dry_run = dry_run_seconds()
        print("\n".join(scale_table(seconds)))
        print(f"\nsmall plans: {small:.3f} s at most")
        print(f"dry run of 1,000 steps: {dry_run['dry_run_seconds']:.3f} s")
        firsts = {name: figures["first_plan_seconds"] for name, figures in seconds.items()}
        times = {"small_plan_seconds": small, "dry_run_1000": dry_run}
        report = {"benchmark": "planning scale", **first_use, **seconds, **times}
        bars_of_time = time_bars(small, dry_run["dry_run_seconds"])
        return end(options, report, {**scale_bars(firsts), **bars_of_time})
    providers = tuple(name for item in options.providers for name in item.split(","))
    setting = Options(providers, options.time_limit, options.noise, options.seed)
    name, family = family_of(options.instances, options.family)
    results = list(measure(family.cases(options.instances, setting)))
    if not results:
        raise SystemExit(f"planning: {options.instances} holds no instance of {name}")
    print("\n".join(table(results)))
    return end(options, summary(name, setting, results), bars(name, setting.noise, results))


if __name__ == "__main__":
    sys.exit(main())
