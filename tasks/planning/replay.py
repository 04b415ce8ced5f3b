"""A stored plan applied again to the present graph, estimates and fleet; pure.

Order and providers are those of the stored plan; times, cost and figures are computed again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from tasks.errors import BadInputError
from tasks.estimates import Estimates, estimate_of
from tasks.plan import FleetSnapshot, Placement, Plan, ProviderState
from tasks.planning.core.admissible import admissible, why_not
from tasks.planning.core.rank import critical_path
from tasks.planning.core.timeline import Timeline, vector
from tasks.planning.core.usage import curves, uses
from tasks.planning.feasibility import refuse_infeasible
from tasks.planning.planner import plan as plan_of
from tasks.planning.planner import seconds_on_kinds
from tasks.planning.strategy import STORED
from tasks.workload import Step, StepGraph

_NAMED = 3
_REMEDY = "Leave `plan` empty to plan it again"


def refuse_other(name: str, stored: Plan, project: str, workload: str) -> None:
    """Raise BadInputError where ``stored``, the plan of id ``name``, is of another workload."""
    if (stored.project, stored.workload) != (project, workload):
        raise BadInputError(
            "plan",
            name,
            f"is of workload {stored.workload} of {stored.project}, not of {workload} of {project}",
            _REMEDY,
        )


def replay(
    graph: StepGraph, estimates: Estimates, fleet: FleetSnapshot, stored: Plan, name: str
) -> Plan:
    """Return the plan that runs ``graph`` in the order and on the providers of ``stored``.

    Every step starts as early as that permits. ``name`` is the id that was asked for.

    Raises:
        BadInputError: The graph or the fleet differs from that of ``stored``.
    """
    if differences := list(_differences(graph, fleet, stored)):
        raise BadInputError(
            "plan", name, f"does not fit any more: {'; '.join(differences)}", _REMEDY
        )
    # Bound, estimates and warnings are the same for any plan of this graph.
    base = plan_of(graph, estimates, fleet, STORED)
    seconds = {step.id: estimate_of(step, estimates).p50_seconds for step in graph.steps}
    on_kind = seconds_on_kinds(graph, estimates, fleet)
    placements = tuple(_placements(graph, seconds, fleet, stored, on_kind))
    origin = f"order and providers are those of plan {name} ({stored.strategy})"
    makespan = max((item.end_seconds for item in placements), default=0.0)
    seconds_by_step = {item.step: item.end_seconds - item.start_seconds for item in placements}
    replayed = replace(
        base,
        order=stored.order,
        placements=placements,
        makespan_seconds=makespan,
        cost=sum(item.cost for item in placements),
        critical_path=critical_path(graph, seconds_by_step)[0],
        warnings=(origin, *_other_contents(base, stored), *base.warnings),
        goal=stored.goal,
    )
    replayed = replace(replayed, utilisation=_utilisation(graph, fleet, replayed))
    refuse_infeasible(graph, seconds, fleet, replayed, on_kind)
    return replayed


def _differences(graph: StepGraph, fleet: FleetSnapshot, stored: Plan) -> Iterator[str]:
    step_ids, stored_ids = {step.id for step in graph.steps}, set(stored.order)
    if step_ids - stored_ids:
        yield f"the workload now has {_named(sorted(step_ids - stored_ids))} too"
    if stored_ids - step_ids:
        yield f"the workload has no {_named(sorted(stored_ids - step_ids))} any more"
    if step_ids == stored_ids:
        yield from _early(graph, stored)
        yield from _unplaceable(graph, fleet, stored)


def _other_contents(base: Plan, stored: Plan) -> Iterator[str]:
    if stored.contents and stored.contents != base.contents:
        yield "its steps hold other items than when it was planned, as it was split again"


def _early(graph: StepGraph, stored: Plan) -> Iterator[str]:
    position = {step: index for index, step in enumerate(stored.order)}
    early = [
        f"{step.id} now needs {need}, which came later"
        for step in graph.steps
        for need in step.needs
        if position[need] > position[step.id]
    ]
    yield from early[:_NAMED]


def _unplaceable(graph: StepGraph, fleet: FleetSnapshot, stored: Plan) -> Iterator[str]:
    providers = {provider.name: provider for provider in fleet.providers}
    gone = sorted({item.provider for item in stored.placements} - set(providers))
    if gone:
        yield f"it uses {_named(gone)}, which this run may not use"
        return
    lacking = [
        f"{item.provider} {why} for {item.step}"
        for item in stored.placements
        if (why := why_not(graph.step(item.step).demand, providers[item.provider]))
    ]
    yield from lacking[:_NAMED]


def _placements(
    graph: StepGraph,
    seconds: Mapping[str, float],
    fleet: FleetSnapshot,
    stored: Plan,
    on_kind: Mapping[str, Mapping[str, float]],
) -> Iterator[Placement]:
    timelines = {provider.name: Timeline(provider.capacity) for provider in fleet.providers}
    stored_placements = {item.step: item for item in stored.placements}
    ends: dict[str, float] = {}
    # Placed in the order of their starts, no step ends later than it did.
    for step_id in sorted(
        stored.order, key=lambda step_id: stored_placements[step_id].start_seconds
    ):
        step = graph.step(step_id)
        ready = max((ends[need] for need in step.needs), default=0.0)
        seconds_on = {
            provider.name: on_kind.get(provider.kind, seconds)[step.id] / provider.speed
            for provider in fleet.providers
        }
        placement = _placed(
            step,
            stored_placements[step.id].provider,
            seconds_on,
            ready,
            fleet=fleet,
            timelines=timelines,
        )
        timelines[placement.provider].reserve(
            placement.start_seconds, placement.end_seconds, vector(step.demand)
        )
        ends[step.id] = placement.end_seconds
        yield placement


def _placed(
    step: Step,
    provider: str,
    seconds_on: Mapping[str, float],
    ready: float,
    *,
    fleet: FleetSnapshot,
    timelines: Mapping[str, Timeline],
) -> Placement:
    def start(candidate: ProviderState) -> float:
        if not seconds_on[candidate.name]:
            return ready  # a step of no duration needs no capacity
        return timelines[candidate.name].earliest(
            ready, seconds_on[candidate.name], vector(step.demand)
        )

    by_name = {candidate.name: candidate for candidate in admissible(step.demand, fleet)}
    starts = {name: start(candidate) for name, candidate in by_name.items()}
    ends = {name: starts[name] + seconds_on[name] for name in by_name}
    others = sorted((name for name in by_name if name != provider), key=ends.__getitem__)
    return Placement(
        step.id,
        provider,
        starts[provider],
        ends[provider],
        by_name[provider].cost(seconds_on[provider]),
        tuple((name, ends[name]) for name in (provider, *others)),
        tuple((p.name, why) for p in fleet.providers if (why := why_not(step.demand, p))),
    )


def _utilisation(graph: StepGraph, fleet: FleetSnapshot, plan: Plan) -> float:
    """Return the busy part of the resource that is busiest in the whole fleet, by speed."""
    shares: dict[str, float] = {}
    total: dict[str, float] = {}
    providers = {provider.name: provider for provider in fleet.providers}
    for use in uses(curves(graph, plan, fleet), plan.makespan_seconds):
        provider = providers[use.provider]
        supply = float(getattr(provider.capacity, use.component)) * provider.speed
        shares[use.component] = shares.get(use.component, 0.0) + use.share * supply
        total[use.component] = total.get(use.component, 0.0) + supply
    return min(1.0, max((shares[name] / total[name] for name in shares), default=0.0))


def _named(names: list[str]) -> str:
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more
