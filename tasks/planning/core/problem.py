"""The scheduling problem as plain arrays, built from a graph, its estimates and a fleet; pure.

Every planning algorithm computes on it. Nothing is decided here; the names of steps and providers
stay with the graph and the fleet.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from blocks.providers.interface import Resources
from tasks.errors import BadInputError
from tasks.estimates import Estimates, estimate_of
from tasks.plan import FleetSnapshot
from tasks.planning.core.timeline import vector
from tasks.workload import StepGraph

Floats: TypeAlias = npt.NDArray[np.float64]
Integers: TypeAlias = npt.NDArray[np.int32]

RESOURCES = ("cpus", "memory_mib", "slots")
"""The columns of ``demand`` and ``capacity``, where these come from a fleet."""


@dataclass(frozen=True, slots=True, eq=False)
class Problem:
    """``n`` steps in topological order, ``p`` providers, ``r`` renewable resources a provider.

    Attributes:
        needs_start: int32[n + 1]; the needs of step ``i`` are
            ``needs[needs_start[i]:needs_start[i + 1]]``, each of them before ``i``.
        needs: int32[m].
        followers_start: int32[n + 1]; as above, for the steps that need ``i``.
        followers: int32[m].
        seconds: float64[n, p], the duration of each step on each provider; ``inf`` where it may
            not run. Every step may run on some provider.
        demand: float64[n, r], the demand of each step; whole numbers, so that sums are exact (CPUs
            are counted in millionths).
        capacity: float64[p, r], in the units of ``demand``.
        price: float64[p], the cost of a second of one step.
    """

    needs_start: Integers
    needs: Integers
    followers_start: Integers
    followers: Integers
    seconds: Floats
    demand: Floats
    capacity: Floats
    price: Floats

    @property
    def steps(self) -> int:
        """The number of steps."""
        return int(self.seconds.shape[0])

    @property
    def providers(self) -> int:
        """The number of providers."""
        return int(self.seconds.shape[1])

    def reversed(self) -> Problem:
        """Return the problem reversed in time: step ``i`` becomes ``n - 1 - i``, needs followers."""
        last, count = self.steps - 1, np.int32(len(self.needs))
        return Problem(
            needs_start=(count - self.followers_start)[::-1].copy(),
            needs=(last - self.followers)[::-1].astype(np.int32),
            followers_start=(count - self.needs_start)[::-1].copy(),
            followers=(last - self.needs)[::-1].astype(np.int32),
            seconds=self.seconds[::-1].copy(),
            demand=self.demand[::-1].copy(),
            capacity=self.capacity,
            price=self.price,
        )


def problem_of(graph: StepGraph, estimates: Estimates, fleet: FleetSnapshot) -> Problem:
    """Return ``graph`` on an idle ``fleet``, every step lasting its expected median there.

    A step may run on the providers whose whole capacity holds its demand.
    """
    p50 = _medians(graph, estimates, [provider.kind for provider in fleet.providers])
    demands: dict[Resources, int] = {}
    by_identity: dict[int, int] = {}  # hashing a demand takes longer than all the rest of a step
    demand_number = np.empty(len(graph.steps), np.int64)
    for index, step in enumerate(graph.steps):
        if (number := by_identity.get(id(step.demand))) is None:
            number = by_identity[id(step.demand)] = demands.setdefault(step.demand, len(demands))
        demand_number[index] = number
    vectors = _vectors(demands)
    capacity = _vectors(provider.capacity for provider in fleet.providers)
    speeds = np.array([provider.speed for provider in fleet.providers])
    fits = np.all(vectors[:, None, :] <= capacity[None, :, :], axis=2)
    seconds = np.full((len(graph.steps), len(fleet.providers)), np.inf)
    np.divide(p50, speeds, out=seconds, where=fits[demand_number])
    step_number = {step.id: index for index, step in enumerate(graph.steps)}
    return problem_from(
        [[step_number[need] for need in step.needs] for step in graph.steps],
        seconds,
        vectors[demand_number],
        capacity,
        np.array([provider.price_per_hour / 3600 for provider in fleet.providers]),
    )


def _medians(graph: StepGraph, estimates: Estimates, kinds: Sequence[str]) -> Floats:
    """Return the expected seconds at speed 1; float64[n, 1] or, of several kinds, float64[n, p]."""
    if len(set(kinds)) <= 1:
        kinds = kinds[:1] or [""]
    expected = (estimate_of(step, estimates) for step in graph.steps)
    rows = (estimate.on(kind).p50_seconds for estimate in expected for kind in kinds)
    count = len(graph.steps) * len(kinds)
    return np.fromiter(rows, np.float64, count).reshape(len(graph.steps), len(kinds))


def problem_from(
    needs: Sequence[Sequence[int]],
    seconds: Floats,
    demand: Floats,
    capacity: Floats,
    price: Floats | None = None,
) -> Problem:
    """Return the problem of steps in topological order; the arrays are as in ``Problem``.

    Raises:
        BadInputError: a step needs one that does not come before it, or can run nowhere.
    """
    counts = np.fromiter((len(set(of_step)) for of_step in needs), np.int64, len(needs))
    flat = np.fromiter(
        (need for of_step in needs for need in dict.fromkeys(of_step)), np.int64, int(counts.sum())
    )
    owner = np.repeat(np.arange(len(needs)), counts)
    _refuse(owner, flat, seconds)
    by_need = np.argsort(flat, kind="stable")
    return Problem(
        needs_start=_starts(counts),
        needs=flat.astype(np.int32),
        followers_start=_starts(np.bincount(flat, minlength=len(needs))),
        followers=owner[by_need].astype(np.int32),
        seconds=np.ascontiguousarray(seconds, np.float64),
        demand=np.ascontiguousarray(demand, np.float64),
        capacity=np.ascontiguousarray(capacity, np.float64),
        price=np.zeros(seconds.shape[1]) if price is None else price,
    )


def _refuse(owner: npt.NDArray[np.int64], needs: npt.NDArray[np.int64], seconds: Floats) -> None:
    for index in np.flatnonzero((needs >= owner) | (needs < 0))[:1]:
        step, need = int(owner[index]), int(needs[index])
        raise BadInputError(
            f"needs.{step}", need, "is not before it", "Give the steps in topological order"
        )
    for step in np.flatnonzero(~np.isfinite(seconds).any(axis=1))[:1]:
        raise BadInputError(
            f"seconds.{step}", "inf", "it can run nowhere", "Name a provider that holds it"
        )


def _vectors(resources: Iterable[Resources]) -> Floats:
    rows = [vector(item) for item in resources]
    return np.array(rows, np.float64).reshape(len(rows), len(RESOURCES))


def _starts(counts: npt.NDArray[np.int64]) -> Integers:
    return np.concatenate(([0], np.cumsum(counts))).astype(np.int32)
