"""Simulated runs of one workload on one fleet, one after another, for the benchmark `loop`.

What is planned with is what the product would have known at that moment: estimates are read from
a ledger into which only the runs before were recorded, trained as often as it is scheduled.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from analytics.history.runs import of_timings
from analytics.training.backtest import backtest
from benchmarks.instances.fleets import speeds_of
from blocks.providers.interface import Resources
from tasks.estimates import Estimate, Estimates, estimate_of
from tasks.ledger.connection import Ledger
from tasks.ledger.estimates import publish_estimates, read_estimates
from tasks.ledger.timings import Timing, record_timings, timings
from tasks.plan import FleetSnapshot, ProviderState
from tasks.planning.autotune import with_history
from tasks.planning.core.problem import Floats, problem_of
from tasks.planning.core.schedule import Schedule
from tasks.planning.outlook import preferred_providers
from tasks.planning.planner import plan
from tasks.planning.simulate import DispatchReplay
from tasks.split.declared import split_steps
from tasks.split.wfformat import read_wfformat
from tasks.workload import StepGraph

KIND = "shell"
ARMS = ("default", "learnt", "known", "perfect")
MIN_SECONDS = 0.01
SLOTS = 4
ROOM = 1.5
# Peak memory is steadier than time: the middle key of a Nextflow history varies by this (log sd).
MEMORY_NOISE = 0.05
# What users asked for, over what was needed: quantiles over the processes of a Nextflow history.
ASKED = (1.69, 1.76, 2.02, 2.31, 5.21)
# For improving each of the many plans.
_BRIEF_SECONDS = 0.05
_DAY_SECONDS = 86_400.0
_P95 = 1.645


@dataclass(frozen=True, slots=True)
class Again:
    """How often a workload runs, how often a day, and by what it varies.

    ``noise`` is the standard deviation of the logarithm of what a step takes from run to run.
    """

    runs: int
    runs_a_day: int
    noise: float


@dataclass(frozen=True, slots=True)
class Case:
    """A workload as its user wrote it, and what it takes in truth; arrays have a row a step.

    ``seconds`` are those at speed 1, ``memory_mib`` is 0 if the trace does not say it.
    """

    name: str
    graph: StepGraph
    fleet: FleetSnapshot
    seconds: Floats
    memory_mib: Floats


@dataclass(frozen=True, slots=True)
class Measured:
    """One run under one arm: makespan in seconds, memory in MiB times seconds.

    ``waste`` was reserved and not used, ``short`` was used and not reserved.
    """

    makespan: float
    waste: float
    short: float


def case_of(path: Path, fleet: str, seed: int) -> Case:
    """Read a trace and let its user ask for more memory than its steps need, as users do."""
    recorded = read_wfformat(path.read_bytes(), path.name)
    graph = split_steps("benchmark", path.stem, recorded, path.parent, {})
    generator = np.random.default_rng(seed)
    asked: dict[str, float] = {}
    steps = []
    for step in graph.steps:
        program = re.sub(r"[0-9]+", "", step.id)  # users ask by program
        factor = asked.setdefault(program, float(generator.choice(ASKED)))
        demand = step.demand.model_copy(
            update={"cpus": 1.0, "memory_mib": int(np.ceil(step.demand.memory_mib * factor))}
        )
        # What the trace says of durations is the truth here, and told to nobody.
        steps.append(replace(step, demand=demand, auto=("memory",), expected_seconds=None))
    return Case(
        f"{path.stem} on {fleet}",
        replace(graph, steps=tuple(steps)),
        _fleet(fleet, max(step.demand.memory_mib for step in steps)),
        np.array([max(MIN_SECONDS, step.expected_seconds or 0.0) for step in graph.steps]),
        np.array([step.demand.memory_mib for step in graph.steps], np.float64),
    )


def _fleet(name: str, largest_mib: int) -> FleetSnapshot:
    """Return machines of a few slots, in which memory is scarce by what users ask for."""
    capacity = Resources(cpus=SLOTS, memory_mib=int(np.ceil(largest_mib * ROOM)), slots=SLOTS)
    machines = enumerate(speeds_of(name))
    return FleetSnapshot(
        1,
        0.0,
        tuple(ProviderState(f"m{n}", KIND, capacity, capacity, speed) for n, speed in machines),
    )


def runs_of(
    case: Case, ledger: Ledger, again: Again, seed: int
) -> Iterator[Mapping[str, Measured]]:
    """Run ``case`` again and again, under every arm with the same draws."""
    generator = np.random.default_rng(seed)
    keys = [step.history_key for step in case.graph.steps]
    count, asked = len(keys), [step.demand.memory_mib for step in case.graph.steps]
    # In 19 of 20 runs a step needs no more.
    largest = case.memory_mib * np.exp(_P95 * MEMORY_NOISE)
    for run in range(again.runs):
        now = run * _DAY_SECONDS / again.runs_a_day
        seconds = case.seconds * np.exp(again.noise * generator.normal(size=count))
        memory = case.memory_mib * np.exp(MEMORY_NOISE * generator.normal(size=count))
        memory = np.minimum(memory, asked)
        if run and run % again.runs_a_day == 0:
            _train(ledger, now)
        learnt = read_estimates(ledger, keys, KIND)
        medians, exact = (_told(keys, each) for each in (case.seconds, seconds))
        decided = {
            "default": (case.graph, {}),
            "learnt": (with_history(case.graph, learnt, case.fleet)[0], learnt),
            "known": (_reserving(case.graph, largest), medians),
            "perfect": (_reserving(case.graph, memory), exact),
        }
        made = {arm: _measured(case, *decided[arm], seconds, memory) for arm in ARMS}
        yield {arm: made[arm][1] for arm in ARMS}
        ended = made["learnt"][0].end
        record_timings(ledger, list(_timings(keys, seconds, memory, now + ended)))


def _timings(
    keys: Sequence[str], seconds: Floats, memory: Floats, ended: Floats
) -> Iterator[Timing]:
    rows = zip(keys, seconds.tolist(), memory.tolist(), ended.tolist(), strict=True)
    for key, takes, needs, at in rows:
        yield Timing(key, KIND, takes, succeeded=True, at=at, memory_mib=needs)


def _train(ledger: Ledger, now: float) -> None:
    """Train as the nightly training does."""
    estimates = backtest(of_timings(timings(ledger, limit_per_key=500)), now).estimates(KIND)
    publish_estimates(ledger, estimates, KIND, now)


def _measured(
    case: Case, graph: StepGraph, estimates: Estimates, seconds: Floats, memory: Floats
) -> tuple[Schedule, Measured]:
    """Plan with ``estimates``, then simulate the run by the rule of the dispatcher."""
    made = plan(graph, estimates, case.fleet, budget_seconds=_BRIEF_SECONDS)
    number = {step.id: n for n, step in enumerate(graph.steps)}
    order = np.array([number[step] for step in made.order], np.int32)
    expected = np.array([estimate_of(step, estimates).p50_seconds for step in graph.steps])
    replay = DispatchReplay.of(problem_of(graph, estimates, case.fleet))
    happened = replay.run(order, seconds / expected, preferred_providers(made, graph, case.fleet))
    held = happened.end - happened.start
    reserved = np.array([step.demand.memory_mib for step in graph.steps], np.float64)
    waste, short = np.maximum(reserved - memory, 0) @ held, np.maximum(memory - reserved, 0) @ held
    return happened, Measured(happened.makespan, float(waste), float(short))


def _told(keys: Sequence[str], seconds: Floats) -> Estimates:
    pairs = zip(keys, seconds.tolist(), strict=True)
    return {key: Estimate(key, takes, takes, source="perfect") for key, takes in pairs}


def _reserving(graph: StepGraph, memory: Floats) -> StepGraph:
    steps = (
        replace(step, demand=step.demand.model_copy(update={"memory_mib": int(np.ceil(needs))}))
        for step, needs in zip(graph.steps, memory.tolist(), strict=True)
    )
    return replace(graph, steps=tuple(steps))
