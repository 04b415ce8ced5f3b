"""A plan that was read back, on the graph, the estimates and the fleet of now. Pure.

Order and placements are those of the stored plan; times, cost and figures are of now.
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
_REMEDY = "Leave `plan` empty to plan anew"


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
        BadInputError: The graph or the fleet differs from what ``stored`` was made for.
    """
    if found := list(_differences(graph, fleet, stored)):
        raise BadInputError("plan", name, f"does not fit any more: {'; '.join(found)}", _REMEDY)
    # Bound, estimates and warnings are those of any plan of this graph.
    base = plan_of(graph, estimates, fleet, STORED)
    seconds = {step.id: estimate_of(step, estimates).p50_seconds for step in graph.steps}
    on_kind = seconds_on_kinds(graph, estimates, fleet)
    placements = tuple(_placements(graph, seconds, fleet, stored, on_kind))
    told = f"order and providers are those of plan {name} ({stored.strategy})"
    makespan = max((item.end_seconds for item in placements), default=0.0)
    takes = {item.step: item.end_seconds - item.start_seconds for item in placements}
    made = replace(
        base,
        order=stored.order,
        placements=placements,
        makespan_seconds=makespan,
        cost=sum(item.cost for item in placements),
        critical_path=critical_path(graph, takes)[0],
        warnings=(told, *_other_contents(base, stored), *base.warnings),
        goal=stored.goal,
    )
    made = replace(made, utilisation=_utilisation(graph, fleet, made))
    refuse_infeasible(graph, seconds, fleet, made, on_kind)
    return made


def _differences(graph: StepGraph, fleet: FleetSnapshot, stored: Plan) -> Iterator[str]:
    wanted, had = {step.id for step in graph.steps}, set(stored.order)
    if wanted - had:
        yield f"the workload now has {_named(sorted(wanted - had))} too"
    if had - wanted:
        yield f"the workload has no {_named(sorted(had - wanted))} any more"
    if wanted == had:
        yield from _early(graph, stored)
        yield from _unplaceable(graph, fleet, stored)


def _other_contents(base: Plan, stored: Plan) -> Iterator[str]:
    if stored.contents and stored.contents != base.contents:
        yield "its steps hold other items than when it was planned, as the split is of now"


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
    timelines = {each.name: Timeline(each.capacity) for each in fleet.providers}
    was = {item.step: item for item in stored.placements}
    ends: dict[str, float] = {}
    # One after the other as they started, each ends no later than it did.
    for step_id in sorted(stored.order, key=lambda step_id: was[step_id].start_seconds):
        step = graph.step(step_id)
        ready = max((ends[need] for need in step.needs), default=0.0)
        takes = {
            each.name: on_kind.get(each.kind, seconds)[step.id] / each.speed
            for each in fleet.providers
        }
        placed = _placed(step, was[step.id].provider, takes, ready, (fleet, timelines))
        timelines[placed.provider].reserve(
            placed.start_seconds, placed.end_seconds, vector(step.demand)
        )
        ends[step.id] = placed.end_seconds
        yield placed


def _placed(
    step: Step,
    provider: str,
    takes: Mapping[str, float],
    ready: float,
    now: tuple[FleetSnapshot, Mapping[str, Timeline]],
) -> Placement:
    fleet, timelines = now

    def start(each: ProviderState) -> float:
        if not takes[each.name]:
            return ready  # what takes no time holds nothing
        return timelines[each.name].earliest(ready, takes[each.name], vector(step.demand))

    able = {each.name: each for each in admissible(step.demand, fleet)}
    starts = {name: start(each) for name, each in able.items()}
    ends = {name: starts[name] + takes[name] for name in able}
    others = sorted((name for name in able if name != provider), key=ends.__getitem__)
    return Placement(
        step.id,
        provider,
        starts[provider],
        ends[provider],
        able[provider].cost(takes[provider]),
        tuple((name, ends[name]) for name in (provider, *others)),
        tuple((p.name, why) for p in fleet.providers if (why := why_not(step.demand, p))),
    )


def _utilisation(graph: StepGraph, fleet: FleetSnapshot, made: Plan) -> float:
    """Return the busy part of the resource that is busiest in the whole fleet, by speed."""
    shares: dict[str, float] = {}
    whole: dict[str, float] = {}
    providers = {each.name: each for each in fleet.providers}
    for use in uses(curves(graph, made, fleet), made.makespan_seconds):
        provider = providers[use.provider]
        able = float(getattr(provider.capacity, use.component)) * provider.speed
        shares[use.component] = shares.get(use.component, 0.0) + use.share * able
        whole[use.component] = whole.get(use.component, 0.0) + able
    return min(1.0, max((shares[name] / whole[name] for name in shares), default=0.0))


def _named(names: list[str]) -> str:
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more
