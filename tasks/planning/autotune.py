"""Memory reservations, time-outs and retries of steps, chosen from their history; pure.

A reservation chosen here is not a limit: the declared memory stays the limit, and where none is
declared there is none. So a step that one day needs more than ever before is not killed for it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from math import ceil, log
from typing import Any

from blocks.providers.interface import Resources
from tasks.estimates import Estimate, Estimates, estimate_of
from tasks.plan import FleetSnapshot
from tasks.planning.core.admissible import admissible
from tasks.workload import Step, StepGraph

# The next of n like runs exceeds all of them once in n + 1. The maximum of 20 is therefore the
# 95th percentile already; with fewer runs a margin is added, this fraction of it for one run.
_MARGIN = 0.5
_RECENT_RUNS = 20
# A time-out ends a step that hangs and must never end one that is merely slow: this many times
# the 95th percentile of its duration, and at least so many seconds.
_TIMEOUT_FACTOR = 4.0
_MIN_TIMEOUT_SECONDS = 60.0
# The 95th percentile over the 90th, where only the latter is known.
_P95_OF_P90 = 1.3
# Fewer runs decide no time-out and no retries.
_MIN_RUNS = 5
# The probability of success that retries should reach.
_SUCCESS = 0.99
_MAX_RETRIES = 3
# Below this probability of success, retries are pointless.
_HOPELESS = 0.2


@dataclass(frozen=True, slots=True)
class Autotuned:
    """A setting of ``step`` chosen from its history; ``estimate`` is the value it is based on.

    ``kind`` is ``memory`` (``unit`` MiB), ``timeout`` (s) or ``retries`` (attempts).
    """

    step: str
    kind: str
    chosen: str
    why: str
    estimate: float
    unit: str


def with_history(
    graph: StepGraph, estimates: Estimates, fleet: FleetSnapshot
) -> tuple[StepGraph, tuple[Autotuned, ...]]:
    """Return ``graph`` with the settings that history decides for its steps, and these choices.

    Where a step declares no memory, the memory that its past runs needed is reserved. Everything
    else is decided only where the step's ``auto`` names it, and only where nothing is declared.
    """
    steps: list[Step] = []
    choices: list[Autotuned] = []
    capacity = _FleetCapacity(fleet)
    for step in graph.steps:
        tuned = step
        for choice, settings in _choices(step, estimates, capacity):
            choices.append(choice)
            tuned = replace(tuned, **settings)
        steps.append(tuned)
    return (replace(graph, steps=tuple(steps)) if choices else graph), tuple(choices)


class _FleetCapacity:
    """The capacity of ``fleet`` by demand, cached: steps share few demands, and hashing is slow."""

    def __init__(self, fleet: FleetSnapshot) -> None:
        self._fleet = fleet
        self._most: dict[int, int] = {}
        self._reserved: dict[tuple[int, int], Resources] = {}

    def most(self, demand: Resources) -> int:
        """Return the MiB of the largest provider that holds the rest of ``demand``."""
        if (largest := self._most.get(id(demand))) is None:
            providers = admissible(demand.model_copy(update={"memory_mib": 0}), self._fleet)
            largest = max((provider.capacity.memory_mib for provider in providers), default=0)
            self._most[id(demand)] = largest
        return largest

    def reserved(self, demand: Resources, mib: int) -> Resources:
        """Return ``demand`` with that memory, the same object for the same."""
        key = (id(demand), mib)
        if key not in self._reserved:
            self._reserved[key] = demand.model_copy(update={"memory_mib": mib})
        return self._reserved[key]

    def slowest(self, demand: Resources) -> float:
        """Return the least speed among the providers that hold ``demand`` but for its memory."""
        providers = admissible(demand.model_copy(update={"memory_mib": 0}), self._fleet)
        return min((provider.speed for provider in providers), default=1.0)


def _choices(
    step: Step, estimates: Estimates, capacity: _FleetCapacity
) -> Iterator[tuple[Autotuned, dict[str, Any]]]:
    expected = estimate_of(step, estimates)
    # Items are timed one by one, but their memory is measured for the whole step only.
    whole = estimates.get(step.wall_key, expected)
    if reserved := _memory(step, whole, capacity):
        declared = step.demand.memory_mib
        choice = Autotuned(
            step.id,
            "memory",
            f"{reserved} MiB",
            f"the most of {_runs(whole)} was {whole.memory_mib:.0f} MiB, declared "
            f"{f'are {declared} MiB' if declared else 'is nothing'}",
            whole.memory_mib,
            "MiB",
        )
        demand = capacity.reserved(step.demand, reserved)
        yield choice, {"demand": demand, "memory_limit_mib": declared}
    if expected.n < _MIN_RUNS:
        return
    if "timeout" in step.auto and step.timeout_seconds is None:
        p95 = expected.p95_seconds or expected.p90_seconds * _P95_OF_P90
        slowest = capacity.slowest(step.demand)
        limit = max(_MIN_TIMEOUT_SECONDS, _TIMEOUT_FACTOR * p95 / slowest)
        why = f"{_TIMEOUT_FACTOR:g} times the 95th percentile of {_runs(expected)}, {p95:.1f} s"
        yield (
            Autotuned(step.id, "timeout", f"{limit:.0f} s", why, p95, "s"),
            {"timeout_seconds": limit},
        )
    if "retries" in step.auto and not step.retries and (retries := _retries(step, expected)):
        failing = 1 - expected.success
        why = f"an attempt fails with a probability of {failing:.0%}, by {_runs(expected)}"
        attempts = 1 / expected.success
        yield (
            Autotuned(step.id, "retries", str(retries), why, attempts, "attempts"),
            {"retries": retries},
        )


def _memory(step: Step, expected: Estimate, capacity: _FleetCapacity) -> int | None:
    """Return the MiB to reserve; None where history may not decide that, or changes nothing."""
    declared = step.demand.memory_mib
    if not expected.n or not expected.memory_mib or (declared and "memory" not in step.auto):
        return None
    margin = _MARGIN * (1 / min(expected.n, _RECENT_RUNS) - 1 / _RECENT_RUNS)
    with_margin = ceil(expected.memory_mib * (1 + margin))
    reserved = min(with_margin, capacity.most(step.demand), declared or with_margin)
    return reserved if reserved and reserved != declared else None


def _retries(step: Step, expected: Estimate) -> int:
    """Return the number of retries after which hardly any run fails; 0 if they cannot help."""
    failing = 1 - expected.success
    if not step.idempotent or expected.success < _HOPELESS or failing <= 1 - _SUCCESS:
        return 0
    return min(_MAX_RETRIES, ceil(log(1 - _SUCCESS) / log(failing)) - 1)


def _runs(expected: Estimate) -> str:
    return f"{expected.n} runs" if expected.n > 1 else "the one run"
