"""What history decides of a step instead of its user: its memory, its time-out, its retries. Pure.

A reservation made so is no limit: what was declared stays the limit, and where nothing was
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

# The next of n like runs exceeds all of them once in n + 1. The most of 20 is therefore the 95th
# percentile already; fewer runs are trusted less.
_SPARE, _RECENT = 0.5, 20
# A time-out ends what hangs: it must never end what is merely slow.
_PATIENCE, _LEAST_SECONDS = 4.0, 60.0
_P95_OF_P90 = 1.3
_ENOUGH = 5
_SUCCESS, _MOST_RETRIES, _HOPELESS = 0.99, 3, 0.2


@dataclass(frozen=True, slots=True)
class Autotuned:
    """One choice that history made for ``step``; ``estimate`` is what it was made from.

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
    """Return ``graph`` with what history decides of its steps, and these choices.

    Where a step declares no memory, what its past runs needed is reserved. Everything else is
    decided only where the step's ``auto`` names it, and only where nothing is declared.
    """
    steps: list[Step] = []
    made: list[Autotuned] = []
    room = _FleetCapacity(fleet)
    for step in graph.steps:
        changed = step
        for choice, decided in _choices(step, estimates, room):
            made.append(choice)
            changed = replace(changed, **decided)
        steps.append(changed)
    return (replace(graph, steps=tuple(steps)) if made else graph), tuple(made)


class _FleetCapacity:
    """What ``fleet`` has for steps, which share few demands: asking a demand takes long."""

    def __init__(self, fleet: FleetSnapshot) -> None:
        self._fleet = fleet
        self._most: dict[int, int] = {}
        self._reserved: dict[tuple[int, int], Resources] = {}

    def most(self, demand: Resources) -> int:
        """Return the MiB of the largest provider that holds the rest of ``demand``."""
        if (found := self._most.get(id(demand))) is None:
            able = admissible(demand.model_copy(update={"memory_mib": 0}), self._fleet)
            found = max((provider.capacity.memory_mib for provider in able), default=0)
            self._most[id(demand)] = found
        return found

    def reserved(self, demand: Resources, mib: int) -> Resources:
        """Return ``demand`` with that memory, the same object for the same."""
        key = (id(demand), mib)
        if key not in self._reserved:
            self._reserved[key] = demand.model_copy(update={"memory_mib": mib})
        return self._reserved[key]

    def slowest(self, demand: Resources) -> float:
        """Return the least speed among the providers that hold ``demand`` but for its memory."""
        able = admissible(demand.model_copy(update={"memory_mib": 0}), self._fleet)
        return min((provider.speed for provider in able), default=1.0)


def _choices(
    step: Step, estimates: Estimates, room: _FleetCapacity
) -> Iterator[tuple[Autotuned, dict[str, Any]]]:
    expected = estimate_of(step, estimates)
    # Items are timed one by one, but what they need of memory shows in the whole alone.
    whole = estimates.get(step.wall_key, expected)
    if reserved := _memory(step, whole, room):
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
        demand = room.reserved(step.demand, reserved)
        yield choice, {"demand": demand, "memory_limit_mib": declared}
    if expected.n < _ENOUGH:
        return
    if "timeout" in step.auto and step.timeout_seconds is None:
        p95 = expected.p95_seconds or expected.p90_seconds * _P95_OF_P90
        limit = max(_LEAST_SECONDS, _PATIENCE * p95 / room.slowest(step.demand))
        why = f"{_PATIENCE:g} times the 95th percentile of {_runs(expected)}, {p95:.1f} s"
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


def _memory(step: Step, expected: Estimate, room: _FleetCapacity) -> int | None:
    """Return the MiB to reserve; None where that is not for history to say, or nothing new."""
    declared = step.demand.memory_mib
    if not expected.n or not expected.memory_mib or (declared and "memory" not in step.auto):
        return None
    spare = _SPARE * (1 / min(expected.n, _RECENT) - 1 / _RECENT)
    wanted = ceil(expected.memory_mib * (1 + spare))
    reserved = min(wanted, room.most(step.demand), declared or wanted)
    return reserved if reserved and reserved != declared else None


def _retries(step: Step, expected: Estimate) -> int:
    """Return after how many more attempts hardly any run has failed; 0 where they cannot help."""
    failing = 1 - expected.success
    if not step.idempotent or expected.success < _HOPELESS or failing <= 1 - _SUCCESS:
        return 0
    return min(_MOST_RETRIES, ceil(log(1 - _SUCCESS) / log(failing)) - 1)


def _runs(expected: Estimate) -> str:
    return f"{expected.n} runs" if expected.n > 1 else "the one run"
