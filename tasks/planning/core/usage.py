"""How much of each provider a plan holds, over time and on the whole. Pure."""

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
# Of a second; beyond, times differ by rounding, and there would be gaps between steps.
_DECIMALS = 6
_NONE: Vector = (0, 0, 0)


@dataclass(frozen=True, slots=True)
class UsageCurve:
    """What is held of one provider: ``held[i]`` from ``moments[i]`` (seconds) to the next."""

    provider: str
    capacity: Vector
    moments: tuple[float, ...]
    held: tuple[Vector, ...]

    def before(self, moment: float) -> Vector:
        """Return what is held just before ``moment``."""
        index = bisect_left(self.moments, moment) - 1
        return self.held[index] if index >= 0 else _NONE

    @property
    def shares(self) -> tuple[float, ...]:
        """How full it is from each of ``moments`` on, 0 to 1: its fullest component."""
        return tuple(max(_shares(each, self.capacity)) for each in self.held)


@dataclass(frozen=True, slots=True)
class ProviderUse:
    """Which part of one component of a provider is held on average, from 0 to 1."""

    provider: str
    component: str
    share: float


def curves(graph: StepGraph, plan: Plan, fleet: FleetSnapshot) -> dict[str, UsageCurve]:
    """Return what ``plan`` holds of each provider over time."""
    demands = {step.id: vector(step.demand) for step in graph.steps}
    changes: dict[str, dict[float, Vector]] = defaultdict(dict)
    for item in plan.placements:
        of_provider, demand = changes[item.provider], demands[item.step]
        for exact, sign in ((item.start_seconds, 1), (item.end_seconds, -1)):
            moment = round(exact, _DECIMALS)
            of_provider[moment] = _plus(of_provider.get(moment, _NONE), demand, sign)
    return {each.name: _curve(each, changes[each.name]) for each in fleet.providers}


def _curve(provider: ProviderState, changes: Mapping[float, Vector]) -> UsageCurve:
    moments, held, now = sorted(changes), [], _NONE
    for moment in moments:
        now = _plus(now, changes[moment], 1)
        held.append(now)
    return UsageCurve(provider.name, vector(provider.capacity), tuple(moments), tuple(held))


def _plus(first: Vector, second: Vector, sign: int) -> Vector:
    return (
        first[0] + sign * second[0],
        first[1] + sign * second[1],
        first[2] + sign * second[2],
    )


def _shares(held: Vector, capacity: Vector) -> list[float]:
    return [part / whole if whole else 0.0 for part, whole in zip(held, capacity, strict=True)]


def uses(found: Mapping[str, UsageCurve], makespan_seconds: float) -> tuple[ProviderUse, ...]:
    """Return the average use of every component that there is, fullest first."""
    means = [
        ProviderUse(curve.provider, component, _mean(curve, index) / (makespan_seconds or 1.0))
        for curve in found.values()
        for index, component in enumerate(COMPONENTS)
        if curve.capacity[index]
    ]
    return tuple(sorted(means, key=lambda use: -use.share))


def _mean(curve: UsageCurve, component: int) -> float:
    """Return the seconds for which the whole component would be held, to hold as much."""
    ends = curve.moments[1:]
    pieces = zip(curve.held, curve.moments, ends, strict=False)
    held = sum(each[component] * (end - start) for each, start, end in pieces)
    return held / curve.capacity[component]
