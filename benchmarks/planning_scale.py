"""The time of plans: of small and of large graphs, in random layers, and of a whole dry run."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from benchmarks.instances.fleets import HET8
from blocks.providers.interface import Resources
from tasks.distribute.explaining.shown_plan import explained, rows_and_chart
from tasks.estimates import Estimate
from tasks.plan import FleetSnapshot, ProviderState
from tasks.planning.bound import bound_of
from tasks.planning.construct import construct
from tasks.planning.core.problem import problem_of
from tasks.planning.outlook import with_eta
from tasks.planning.planner import plan
from tasks.workload import SplitDecision, Step, StepGraph

_LAYER, _NEEDS = 200, 3
_SMALL = (5, 10, 20)
_SMALL_FLEET = 2
_DRY_RUN_STEPS = 1000


def layered(steps: int, *, alike: bool) -> tuple[StepGraph, dict[str, Estimate], FleetSnapshot]:
    """Return a graph of layers, each step needing up to three of the layer before."""
    draw = np.random.default_rng(steps)
    demands = (
        [Resources(cpus=1, slots=1)]
        if alike
        else [Resources(cpus=c, memory_mib=m, slots=1) for c in (1, 2) for m in (100, 900)]
    )
    counts = draw.integers(1, _NEEDS + 1, steps)
    offsets = draw.integers(0, _LAYER, (steps, _NEEDS))
    kinds = draw.integers(0, len(demands), steps)
    made = []
    for index in range(steps):
        above = (index // _LAYER - 1) * _LAYER
        needs = {f"s{above + n}" for n in offsets[index, : counts[index]]} if above >= 0 else ()
        name = f"s{index}"
        demand = demands[kinds[index]]
        made.append(Step(name, ("true",), Path("/"), name, needs=tuple(needs), demand=demand))
    seconds = draw.uniform(1, 60, steps).tolist()
    estimates = {s.id: Estimate(s.id, t, 2 * t, n=9) for s, t in zip(made, seconds, strict=True)}
    whole = Resources(cpus=8, memory_mib=4000, slots=8)
    providers = [
        ProviderState(f"p{n}", "shell", whole, whole, speed) for n, speed in enumerate(HET8)
    ]
    graph = StepGraph("benchmark", "scale", tuple(made), SplitDecision(steps, ""))
    return graph, estimates, FleetSnapshot(1, 0.0, tuple(providers))


def small_plan_seconds() -> float:
    """Return the longest time of the plans of a few steps on two providers, in seconds of CPU.

    What is compiled at its first use must not be needed for them.
    """
    longest = 0.0
    for steps in _SMALL:
        for alike in (True, False):
            graph, estimates, fleet = layered(steps, alike=alike)
            few = replace(fleet, providers=fleet.providers[:_SMALL_FLEET])
            started = time.process_time()
            plan(graph, estimates, few)
            longest = max(longest, time.process_time() - started)
    return round(longest, 3)


def dry_run_seconds() -> dict[str, float]:
    """Return how long the parts of a dry run with all explanations take, in seconds of CPU.

    Some of them run side by side, so that a clock shows less where nothing else runs.
    """
    longest: dict[str, float] = {}
    for alike in (True, False):
        parts = _dry_run(*layered(_DRY_RUN_STEPS, alike=alike))
        if sum(parts.values()) > sum(longest.values()):
            longest = parts
    return {**longest, "dry_run_seconds": round(sum(longest.values()), 3)}


def _dry_run(
    graph: StepGraph, estimates: dict[str, Estimate], fleet: FleetSnapshot
) -> dict[str, float]:
    moments = [time.process_time()]
    planned = plan(graph, estimates, fleet)
    moments.append(time.process_time())
    planned = with_eta(graph, estimates, fleet, planned)
    moments.append(time.process_time())
    rows_and_chart(graph, fleet, planned)
    moments.append(time.process_time())
    explained(graph, estimates, fleet, planned)
    moments.append(time.process_time())
    seconds = [round(after - before, 3) for before, after in itertools.pairwise(moments)]
    names = ("plan_seconds", "forecast_seconds", "chart_seconds", "explanation_seconds")
    return dict(zip(names, seconds, strict=True))


def first_use_seconds() -> float:
    """Return how long the first plans of a process take: what they compile or read is ready then."""
    started = time.perf_counter()
    for alike in (True, False):
        _dry_run(*layered(100, alike=alike))
    return round(time.perf_counter() - started, 3)


def scales(sizes: Sequence[int]) -> dict[str, dict[str, float]]:
    """Time plans of those sizes, by number of steps and what they demand."""
    return {
        f"{size} {'lanes' if alike else 'vectors'}": scale(size, alike=alike)
        for size in sizes
        for alike in (True, False)
    }


def scale_table(seconds: Mapping[str, Mapping[str, float]]) -> Iterator[str]:
    """Return lines of a table: a size a row."""
    yield f"{'steps':16}{'first plan, s':>16}{'explained, s':>16}{'gap, %':>10}"
    for name, figures in seconds.items():
        explained = figures["explained_and_checked_plan_seconds"]
        first, gap = figures["first_plan_seconds"], figures["gap_percent"]
        yield f"{name:16}{first:16.3f}{explained:16.3f}{gap:10.2f}"


def scale(size: int, *, alike: bool) -> dict[str, float]:
    """Time the parts of one first plan, in seconds of CPU.

    Planning uses one thread, so on a machine that does nothing else these are those of a clock.
    """
    graph, estimates, fleet = layered(size, alike=alike)
    moments = [time.process_time()]
    problem = problem_of(graph, estimates, fleet)
    moments.append(time.process_time())
    schedule = construct(problem)
    moments.append(time.process_time())
    bound = bound_of(problem).seconds
    moments.append(time.process_time())
    plan(graph, estimates, fleet, budget_seconds=0)
    moments.append(time.process_time())
    parts = [after - before for before, after in itertools.pairwise(moments)]
    return {
        "problem_seconds": round(parts[0], 3),
        "construct_seconds": round(parts[1], 3),
        "bound_seconds": round(parts[2], 3),
        "first_plan_seconds": round(parts[0] + parts[1], 3),
        "explained_and_checked_plan_seconds": round(parts[3], 3),
        "gap_percent": round(100 * (schedule.makespan / bound - 1), 3),
    }
