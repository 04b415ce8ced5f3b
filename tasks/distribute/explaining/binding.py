"""The binding chain of a plan: the steps that decide its end, by needs and by resources; pure.

The critical path knows only needs. Here a step may also follow another because that one released
a resource that it waits for; each link says which of both it is.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from tasks.plan import FleetSnapshot, Placement, Plan
from tasks.planning.core.timeline import vector
from tasks.planning.core.usage import COMPONENTS, ProviderUse, UsageCurve, curves, uses
from tasks.workload import Step, StepGraph

Resource = tuple[str, str]
"""A component of a provider: (provider, component)."""
_TOLERANCE_SECONDS = 1e-6
# Components whose utilisation differs by a smaller fraction are equally full.
_SAME = 0.99


@dataclass(frozen=True, slots=True)
class Link:
    """One step of the chain; ``held_up_by`` is what the next one waited for.

    It is a resource that this step released at its end, or None for a need and for the last step.
    """

    step: str
    seconds: float
    held_up_by: Resource | None = None


@dataclass(frozen=True, slots=True)
class Binding:
    """The steps that decide the end of a plan, first step first, and the use of its providers."""

    chain: tuple[Link, ...]
    uses: tuple[ProviderUse, ...]

    @property
    def waits(self) -> dict[Resource, float]:
        """The seconds that the chain waits for each resource, longest first."""
        seconds: defaultdict[Resource, float] = defaultdict(float)
        for link in self.chain:
            if link.held_up_by:
                seconds[link.held_up_by] += link.seconds
        return dict(sorted(seconds.items(), key=lambda item: -item[1]))

    @property
    def resource(self) -> Resource | None:
        """The binding resource; None if the chain consists of needs only."""
        return next(iter(self.waits), None)

    def tied(self, resource: Resource) -> tuple[str, ...]:
        """Return the components of that provider that are as full as that one, itself included.

        More of only one of them would not help.
        """
        least = _SAME * self.share(resource)
        name, component = resource
        full = {use.component for use in self.uses if use.provider == name and use.share >= least}
        return tuple(
            candidate for candidate in COMPONENTS if candidate in full or candidate == component
        )

    def share(self, resource: Resource) -> float:
        """Return the average utilisation of that resource, from 0 to 1."""
        shares = {(use.provider, use.component): use.share for use in self.uses}
        return shares.get(resource, 0.0)


def binding(graph: StepGraph, plan: Plan, fleet: FleetSnapshot) -> Binding:
    """Return the binding chain of ``plan``, followed from its end to its start."""
    usage = curves(graph, plan, fleet)
    chain = _Chain(graph, plan, usage).links() if plan.placements else ()
    return Binding(chain, uses(usage, plan.makespan_seconds))


class _Chain:
    def __init__(self, graph: StepGraph, plan: Plan, usage: Mapping[str, UsageCurve]) -> None:
        self._steps = {step.id: step for step in graph.steps}
        self._placed = {placement.step: placement for placement in plan.placements}
        self._curves = usage
        self._ended: dict[str, list[Placement]] = defaultdict(list)
        for placement in sorted(plan.placements, key=lambda placement: placement.end_seconds):
            self._ended[placement.provider].append(placement)
        self._ends = {
            name: [placement.end_seconds for placement in placements]
            for name, placements in self._ended.items()
        }

    def links(self) -> tuple[Link, ...]:
        placement: Placement | None = max(
            self._placed.values(), key=lambda placement: placement.end_seconds
        )
        resource: Resource | None = None
        by_step: dict[str, Link] = {}
        # Steps of no duration could follow each other in a circle.
        while placement and placement.step not in by_step:
            seconds = placement.end_seconds - placement.start_seconds
            by_step[placement.step] = Link(placement.step, seconds, resource)
            placement, resource = self._before(placement)
        return tuple(reversed(by_step.values()))

    def _before(self, placement: Placement) -> tuple[Placement | None, Resource | None]:
        needs = [self._placed[need] for need in self._steps[placement.step].needs]
        last = max(needs, key=lambda need: need.end_seconds, default=None)
        if placement.start_seconds <= _TOLERANCE_SECONDS:
            return None, None
        if last and last.end_seconds >= placement.start_seconds - _TOLERANCE_SECONDS:
            return last, None
        resource = (placement.provider, self._lacking(placement))
        return self._released(placement) or last, resource

    def _lacking(self, placement: Placement) -> str:
        """Return the component with the least room for the demand just before the start."""
        curve, step = self._curves[placement.provider], self._steps[placement.step]
        load = curve.before(placement.start_seconds - _TOLERANCE_SECONDS)
        shares = [
            _over(h, d, c) for h, d, c in zip(load, _asked(step), curve.capacity, strict=True)
        ]
        return COMPONENTS[shares.index(max(shares))]

    def _released(self, placement: Placement) -> Placement | None:
        """Return the longest of the steps that ended there when ``placement`` started."""
        ends = self._ends[placement.provider]
        last = bisect_left(ends, placement.start_seconds + _TOLERANCE_SECONDS) - 1
        if last < 0:
            return None
        first = bisect_left(ends, ends[last] - _TOLERANCE_SECONDS)
        ended = [
            other
            for other in self._ended[placement.provider][first : last + 1]
            if other is not placement
        ]
        return min(ended, key=lambda other: (other.start_seconds, other.step), default=None)


def _asked(step: Step) -> tuple[int, int, int]:
    return vector(step.demand)


def _over(load: int, demand: int, capacity: int) -> float:
    return (load + demand) / capacity if demand and capacity else 0.0
