"""The utilisation of each provider in a plan, over time and on average; pure."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from tasks.plan import FleetSnapshot, Plan, ProviderState
from tasks.planning.core.timeline import Vector, vector
from tasks.workload import StepGraph

UNITS = {"cpus": "CPUs", "memory_mib": "memory", "slots": "slots"}
"""The components of Resources, in the order of its fields, as a user reads them."""
COMPONENTS = tuple(UNITS)
# Decimals of a second; with more, rounding errors would make gaps between steps.
_DECIMALS = 6
_NONE: Vector = (0, 0, 0)


@dataclass(frozen=True, slots=True)
class UsageCurve:
    """The load of one provider over time: ``load[i]`` from ``moments[i]`` (seconds) to the next."""

    provider: str
    capacity: Vector
    moments: tuple[float, ...]
    load: tuple[Vector, ...]

    def before(self, moment: float) -> Vector:
        """Return the load just before ``moment``."""
        index = bisect_left(self.moments, moment) - 1
        return self.load[index] if index >= 0 else _NONE

    @property
    def shares(self) -> tuple[float, ...]:
        """The utilisation from each of ``moments`` on, 0 to 1: that of the fullest component."""
        return tuple(max(_shares(load, self.capacity)) for load in self.load)


@dataclass(frozen=True, slots=True)
class ProviderUse:
    """The average utilisation of one component of a provider, from 0 to 1."""

    provider: str
    component: str
    share: float


def curves(graph: StepGraph, plan: Plan, fleet: FleetSnapshot) -> dict[str, UsageCurve]:
    """Return the load of each provider over time in ``plan``."""
    demands = {step.id: vector(step.demand) for step in graph.steps}
    changes: dict[str, dict[float, Vector]] = defaultdict(dict)
    for placement in plan.placements:
        of_provider, demand = changes[placement.provider], demands[placement.step]
        for exact, sign in ((placement.start_seconds, 1), (placement.end_seconds, -1)):
            moment = round(exact, _DECIMALS)
            of_provider[moment] = _plus(of_provider.get(moment, _NONE), demand, sign)
    return {provider.name: _curve(provider, changes[provider.name]) for provider in fleet.providers}


def _curve(provider: ProviderState, changes: Mapping[float, Vector]) -> UsageCurve:
    moments, load, now = sorted(changes), [], _NONE
    for moment in moments:
        now = _plus(now, changes[moment], 1)
        load.append(now)
    return UsageCurve(provider.name, vector(provider.capacity), tuple(moments), tuple(load))


def _plus(first: Vector, second: Vector, sign: int) -> Vector:
    return (
        first[0] + sign * second[0],
        first[1] + sign * second[1],
        first[2] + sign * second[2],
    )


def _shares(load: Vector, capacity: Vector) -> list[float]:
    return [part / whole if whole else 0.0 for part, whole in zip(load, capacity, strict=True)]


def uses(by_provider: Mapping[str, UsageCurve], makespan_seconds: float) -> tuple[ProviderUse, ...]:
    """Return the average use of every component with a capacity, fullest first."""
    means = [
        ProviderUse(curve.provider, component, _mean(curve, index) / (makespan_seconds or 1.0))
        for curve in by_provider.values()
        for index, component in enumerate(COMPONENTS)
        if curve.capacity[index]
    ]
    return tuple(sorted(means, key=lambda use: -use.share))


def _mean(curve: UsageCurve, component: int) -> float:
    """Return the load of a component summed over time, in seconds of its whole capacity."""
    ends = curve.moments[1:]
    pieces = zip(curve.load, curve.moments, ends, strict=False)
    component_seconds = sum(load[component] * (end - start) for load, start, end in pieces)
    return component_seconds / curve.capacity[component]
