"""What a plan waits for: the chain of steps that decides its end, link by link. Pure.

The critical path knows needs alone. Here a step may also follow another because that one gave
back what it needs of a provider; each link says which of both it is.
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
_TOLERANCE, _SAME = 1e-6, 0.99


@dataclass(frozen=True, slots=True)
class Link:
    """One step of the chain; ``held_up_by`` is why the next one could not start before its end.

    That is a resource that it gave back then, or None for a need, and for the last step.
    """

    step: str
    seconds: float
    held_up_by: Resource | None = None


@dataclass(frozen=True, slots=True)
class Binding:
    """What decides the end of a plan: ``chain``, first step first, and how full providers are."""

    chain: tuple[Link, ...]
    uses: tuple[ProviderUse, ...]

    @property
    def waits(self) -> dict[Resource, float]:
        """For how many seconds the chain waits for each resource, longest first."""
        seconds: defaultdict[Resource, float] = defaultdict(float)
        for link in self.chain:
            if link.held_up_by:
                seconds[link.held_up_by] += link.seconds
        return dict(sorted(seconds.items(), key=lambda item: -item[1]))

    @property
    def resource(self) -> Resource | None:
        """The resource that binds; None where the chain consists of needs alone."""
        return next(iter(self.waits), None)

    def tied(self, resource: Resource) -> tuple[str, ...]:
        """Return the components of that provider that are as full as that one, itself included.

        More of one of them alone would not help.
        """
        least = _SAME * self.share(resource)
        name, component = resource
        full = {u.component for u in self.uses if u.provider == name and u.share >= least}
        return tuple(each for each in COMPONENTS if each in full or each == component)

    def share(self, resource: Resource) -> float:
        """Return which part of that resource is held on average, from 0 to 1."""
        shares = {(use.provider, use.component): use.share for use in self.uses}
        return shares.get(resource, 0.0)


def binding(graph: StepGraph, plan: Plan, fleet: FleetSnapshot) -> Binding:
    """Follow ``plan`` from its end to its start, always along what held the step up."""
    found = curves(graph, plan, fleet)
    chain = _Chain(graph, plan, found).links() if plan.placements else ()
    return Binding(chain, uses(found, plan.makespan_seconds))


class _Chain:
    def __init__(self, graph: StepGraph, plan: Plan, found: Mapping[str, UsageCurve]) -> None:
        self._steps = {step.id: step for step in graph.steps}
        self._placed = {item.step: item for item in plan.placements}
        self._curves = found
        self._ended: dict[str, list[Placement]] = defaultdict(list)
        for item in sorted(plan.placements, key=lambda item: item.end_seconds):
            self._ended[item.provider].append(item)
        self._ends = {
            name: [item.end_seconds for item in items] for name, items in self._ended.items()
        }

    def links(self) -> tuple[Link, ...]:
        item: Placement | None = max(self._placed.values(), key=lambda item: item.end_seconds)
        resource: Resource | None = None
        found: dict[str, Link] = {}
        # Steps of no duration could follow each other in a circle.
        while item and item.step not in found:
            seconds = item.end_seconds - item.start_seconds
            found[item.step] = Link(item.step, seconds, resource)
            item, resource = self._before(item)
        return tuple(reversed(found.values()))

    def _before(self, item: Placement) -> tuple[Placement | None, Resource | None]:
        needs = [self._placed[need] for need in self._steps[item.step].needs]
        last = max(needs, key=lambda need: need.end_seconds, default=None)
        if item.start_seconds <= _TOLERANCE:
            return None, None
        if last and last.end_seconds >= item.start_seconds - _TOLERANCE:
            return last, None
        resource = (item.provider, self._lacking(item))
        return self._gave_back(item) or last, resource

    def _lacking(self, item: Placement) -> str:
        """Say of which component there was least left, for its demand, just before the start."""
        curve, step = self._curves[item.provider], self._steps[item.step]
        held = curve.before(item.start_seconds - _TOLERANCE)
        over = [_over(h, d, c) for h, d, c in zip(held, _asked(step), curve.capacity, strict=True)]
        return COMPONENTS[over.index(max(over))]

    def _gave_back(self, item: Placement) -> Placement | None:
        """Return the longest of the steps that ended there when ``item`` started, or just before."""
        ends = self._ends[item.provider]
        last = bisect_left(ends, item.start_seconds + _TOLERANCE) - 1
        if last < 0:
            return None
        first = bisect_left(ends, ends[last] - _TOLERANCE)
        ended = [each for each in self._ended[item.provider][first : last + 1] if each is not item]
        return min(ended, key=lambda each: (each.start_seconds, each.step), default=None)


def _asked(step: Step) -> tuple[int, int, int]:
    return vector(step.demand)


def _over(held: int, asked: int, capacity: int) -> float:
    return (held + asked) / capacity if asked and capacity else 0.0
