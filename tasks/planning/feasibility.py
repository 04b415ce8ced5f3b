"""An independent check that a plan is feasible: coverage, durations, needs, capacities; pure."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping

from blocks.providers.interface import Resources
from tasks.errors import SlipwayError
from tasks.plan import FleetSnapshot, Placement, Plan
from tasks.workload import Step, StepGraph

_TOLERANCE = 1e-6


def violations(
    graph: StepGraph,
    seconds: Mapping[str, float],
    fleet: FleetSnapshot,
    plan: Plan,
    on_kind: Mapping[str, Mapping[str, float]] | None = None,
) -> list[str]:
    """Return what is wrong with ``plan``, as text.

    ``seconds`` are durations at speed 1, ``on_kind`` those on a kind of provider that differs.
    """
    return [
        *_coverage(graph, plan),
        *_durations(seconds, fleet, plan, on_kind or {}),
        *_needs(graph, plan),
        *_capacity(graph, fleet, plan),
        *_figures(plan),
    ]


def refuse_infeasible(
    graph: StepGraph,
    seconds: Mapping[str, float],
    fleet: FleetSnapshot,
    plan: Plan,
    on_kind: Mapping[str, Mapping[str, float]] | None = None,
) -> None:
    """Raise SlipwayError where ``plan`` is not feasible; the arguments are as above."""
    if wrong := violations(graph, seconds, fleet, plan, on_kind):
        raise SlipwayError(f"the plan of {plan.workload} does not hold: {'; '.join(wrong[:5])}")


def _coverage(graph: StepGraph, plan: Plan) -> Iterator[str]:
    step_ids = {step.id for step in graph.steps}
    for what, ids in (("placed", [p.step for p in plan.placements]), ("ordered", plan.order)):
        counts = Counter(ids)
        yield from (f"{step} is not {what}" for step in sorted(step_ids - set(counts)))
        yield from (f"{step} is not a step" for step in sorted(set(counts) - step_ids))
        yield from (f"{step} is {what} {n} times" for step, n in counts.items() if n > 1)


def _durations(
    seconds: Mapping[str, float],
    fleet: FleetSnapshot,
    plan: Plan,
    on_kind: Mapping[str, Mapping[str, float]],
) -> Iterator[str]:
    speeds = {provider.name: provider.speed for provider in fleet.providers}
    seconds_on = {
        provider.name: on_kind.get(provider.kind, seconds) for provider in fleet.providers
    }
    for placement in plan.placements:
        if placement.provider not in speeds:
            yield f"{placement.step} is on {placement.provider}, which is not in the fleet"
            continue
        expected_seconds = (
            seconds_on[placement.provider].get(placement.step, 0.0) / speeds[placement.provider]
        )
        if placement.start_seconds < 0 or abs(
            placement.end_seconds - placement.start_seconds - expected_seconds
        ) > (_TOLERANCE * max(1.0, placement.end_seconds)):
            yield f"{placement.step} takes {expected_seconds:g} s, not {placement.start_seconds:g} to {placement.end_seconds:g}"


def _needs(graph: StepGraph, plan: Plan) -> Iterator[str]:
    placement_of = {placement.step: placement for placement in plan.placements}
    rank = {step_id: index for index, step_id in enumerate(plan.order)}
    for step in graph.steps:
        for need in step.needs:
            if step.id not in placement_of or need not in placement_of:
                continue
            if placement_of[step.id].start_seconds < placement_of[need].end_seconds - _TOLERANCE:
                yield f"{step.id} starts before {need} has ended"
            if rank.get(need, -1) > rank.get(step.id, len(rank)):
                yield f"{step.id} is ordered before {need}"


def _capacity(graph: StepGraph, fleet: FleetSnapshot, plan: Plan) -> Iterator[str]:
    steps = {step.id: step for step in graph.steps}
    by_provider: dict[str, list[Placement]] = defaultdict(list)
    for placement in plan.placements:
        if placement.step in steps:
            by_provider[placement.provider].append(placement)
    for provider in fleet.providers:
        yield from _overload(provider.name, provider.capacity, by_provider[provider.name], steps)


def _overload(
    name: str, capacity: Resources, placements: list[Placement], steps: Mapping[str, Step]
) -> Iterator[str]:
    events: list[tuple[float, int, Resources]] = []
    for placement in placements:
        if placement.end_seconds > placement.start_seconds:
            demand = steps[placement.step].demand
            events += [(placement.start_seconds, 1, demand), (placement.end_seconds, -1, demand)]
    used = dict.fromkeys(Resources.model_fields, 0.0)
    # Ends sort before starts at the same moment.
    for moment, sign, demand in sorted(events, key=lambda event: event[:2]):
        for component in used:
            used[component] += sign * getattr(demand, component)
            if used[component] > getattr(capacity, component) + _TOLERANCE:
                yield f"{name} holds {used[component]:g} {component} at {moment:g} s"
                return


def _figures(plan: Plan) -> Iterator[str]:
    makespan = max((placement.end_seconds for placement in plan.placements), default=0.0)
    if abs(makespan - plan.makespan_seconds) > _TOLERANCE:
        yield f"it ends at {makespan:g} s, not {plan.makespan_seconds:g}"
    if plan.bound_seconds > makespan * (1 + _TOLERANCE) + _TOLERANCE:
        yield f"it ends at {makespan:g} s, before its bound of {plan.bound_seconds:g} s"
