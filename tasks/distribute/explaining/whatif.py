"""What-if analysis: the same workload planned again after one change at a time; pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain, islice, zip_longest

from blocks.goal import Goal
from blocks.providers.interface import Resources
from tasks.distribute.explaining.binding import Binding, Resource
from tasks.errors import BadInputError
from tasks.estimates import Estimate, Estimates, estimate_of
from tasks.plan import FleetSnapshot, Plan, ProviderState
from tasks.planning.core.admissible import admissible
from tasks.planning.core.usage import UNITS
from tasks.planning.strategy import GOAL
from tasks.workload import Step, StepGraph

MAX_CHANGES = 16
# The number of steps planned again in all: of a large workload, fewer changes are tried.
_STEPS_IN_ALL = 20_000
_MAX_TWINS = 6
_MAX_SPLITS = 4

# Factors of the budget or the deadline of a goal.
_MORE = (1.25, 1.5, 2.0)

Replan = Callable[..., Plan]
"""Plans a graph by its estimates on a fleet; takes a ``goal`` where a change has one."""


@dataclass(frozen=True, slots=True)
class PlanChange:
    """A workload and a fleet that differ from the planned ones in what ``what`` describes.

    ``goal`` is another goal to plan for; None: the same.
    """

    what: str
    graph: StepGraph
    estimates: Estimates
    fleet: FleetSnapshot
    goal: Goal | None = None


@dataclass(frozen=True, slots=True)
class Effect:
    """The effect of a change: the new makespan and the time saved, in seconds.

    ``cost`` is the increase of the cost, in the currency of the providers' prices.
    """

    what: str
    makespan_seconds: float
    gain_seconds: float
    cost: float


def effects(changes: Sequence[PlanChange], plan: Plan, replan: Replan) -> tuple[Effect, ...]:
    """Return the effect of each of ``changes`` on ``plan``, the largest gain first.

    Each change only relaxes the problem, so where planning again finds nothing better, ``plan``
    stands. A gain is therefore never overstated, even where ``replan`` has less effort.
    """
    all_effects = [_effect(change, plan, replan) for change in changes]
    return tuple(sorted(all_effects, key=lambda effect: (-effect.gain_seconds, effect.cost)))


def _effect(change: PlanChange, plan: Plan, replan: Replan) -> Effect:
    other_plan = _replanned(change, replan)
    if other_plan is None or not _better(other_plan, plan):
        return Effect(change.what, plan.makespan_seconds, 0.0, 0.0)
    gain = plan.makespan_seconds - other_plan.makespan_seconds
    return Effect(change.what, other_plan.makespan_seconds, gain, other_plan.cost - plan.cost)


def _replanned(change: PlanChange, replan: Replan) -> Plan | None:
    """Return the plan after ``change``; None if a quick search finds none that keeps the goal."""
    other_goal = {"goal": change.goal} if change.goal else {}
    try:
        return replan(change.graph, change.estimates, change.fleet, **other_goal)
    except BadInputError:
        return None


def _better(other_plan: Plan, plan: Plan) -> bool:
    if plan.goal is None:
        return other_plan.makespan_seconds < plan.makespan_seconds
    worth = plan.goal.worth
    return worth(other_plan.makespan_seconds, other_plan.cost) < worth(
        plan.makespan_seconds, plan.cost
    )


def changes(
    graph: StepGraph, estimates: Estimates, fleet: FleetSnapshot, plan: Plan, plan_binding: Binding
) -> tuple[PlanChange, ...]:
    """Return the changes to try, of every kind in turn; fewer for a workload of many steps."""
    present = PlanChange("", graph, estimates, fleet)
    kinds = (
        _limits(present, plan),
        _twins(present, plan_binding),
        _splits(present, plan),
        _room(present, plan_binding),
        _demands(present, plan_binding),
    )
    in_turn = chain.from_iterable(zip_longest(*kinds))
    most = max_changes(len(graph.steps))
    return tuple(islice((change for change in in_turn if change), most))


def max_changes(steps: int) -> int:
    """Return the largest number of changes that are tried of a workload of so many steps."""
    return min(MAX_CHANGES, max(1, _STEPS_IN_ALL // max(1, steps)))


def _limits(present: PlanChange, plan: Plan) -> Iterator[PlanChange]:
    """Raise the budget or the deadline of a goal that binds."""
    goal = plan.goal
    if goal is None or plan.strategy != GOAL:
        return
    for more in _MORE:
        if goal.budget:
            larger = goal.model_copy(update={"budget": goal.budget * more})
            yield replace(present, what=f"a budget of {larger.budget:g}", goal=larger)
        if goal.deadline_seconds and goal.objective != "makespan":
            later = goal.model_copy(update={"deadline_seconds": goal.deadline_seconds * more})
            yield replace(present, what=f"a deadline of {later.deadline_seconds:g} s", goal=later)


def _twins(present: PlanChange, plan_binding: Binding) -> Iterator[PlanChange]:
    """Add one more provider of each kind, the binding one first."""
    binding_provider = plan_binding.resource[0] if plan_binding.resource else ""
    kinds: dict[tuple[object, ...], ProviderState] = {}
    for provider in sorted(
        present.fleet.providers, key=lambda provider: provider.name != binding_provider
    ):
        kinds.setdefault(
            (provider.kind, provider.capacity, provider.speed, provider.price_per_hour), provider
        )
    for provider in islice(kinds.values(), _MAX_TWINS):
        twin = replace(provider, name=f"{provider.name} (twin)", free=provider.capacity)
        fleet = replace(present.fleet, providers=(*present.fleet.providers, twin))
        yield replace(present, what=f"one more provider like {provider.name}", fleet=fleet)


def _splits(present: PlanChange, plan: Plan) -> Iterator[PlanChange]:
    """Split the longest steps of the critical path, one at a time."""
    durations = {
        placement.step: placement.end_seconds - placement.start_seconds
        for placement in plan.placements
    }
    path = [present.graph.step(step) for step in plan.critical_path if durations[step] > 0]
    whole = [step for step in path if len(step.items) != 1 and not step.foreach]
    for step in sorted(whole, key=lambda step: -durations[step.id])[:_MAX_SPLITS]:
        yield _split(present, step)


def _split(present: PlanChange, step: Step) -> PlanChange:
    """Replace a step by two of half the work; shards of a suite both pay the start-up."""
    halves = [replace(step, id=f"{step.id} ({n}/2)", items=step.items[n - 1 :: 2]) for n in (1, 2)]
    estimates = present.estimates
    if not step.items:
        key = f"half of {step.history_key}"
        halves = [replace(half, history_key=key) for half in halves]
        estimates = {**estimates, key: _half(step, estimates)}
    steps: list[Step] = []
    for other in present.graph.steps:
        needs = tuple(i for need in other.needs for i in _instead(need, step, halves))
        steps += halves if other is step else [replace(other, needs=needs)]
    graph = replace(present.graph, steps=tuple(steps))
    return replace(present, what=f"{step.id} split in two", graph=graph, estimates=estimates)


def _half(step: Step, estimates: Estimates) -> Estimate:
    whole = estimate_of(step, estimates)
    return replace(_halved_estimate(whole), others=tuple(map(_halved_estimate, whole.others)))


def _halved_estimate(whole: Estimate) -> Estimate:
    return replace(whole, p50_seconds=whole.p50_seconds / 2, p90_seconds=whole.p90_seconds / 2)


def _instead(need: str, step: Step, halves: Sequence[Step]) -> tuple[str, ...]:
    return tuple(half.id for half in halves) if need == step.id else (need,)


def _room(present: PlanChange, plan_binding: Binding) -> Iterator[PlanChange]:
    """Double the binding components of each provider that the plan waits for."""
    longest: dict[str, Resource] = {}
    for resource in plan_binding.waits:
        longest.setdefault(resource[0], resource)
    for name, resource in longest.items():
        full = plan_binding.tied(resource)
        doubled = [_doubled(p, full) if p.name == name else p for p in present.fleet.providers]
        what = f"twice the {' and '.join(UNITS[component] for component in full)} of {name}"
        yield replace(present, what=what, fleet=replace(present.fleet, providers=tuple(doubled)))


def _doubled(provider: ProviderState, components: Sequence[str]) -> ProviderState:
    more = {name: 2 * getattr(provider.capacity, name) for name in components}
    capacity = provider.capacity.model_copy(update=more)
    return replace(provider, capacity=capacity, free=capacity)


def _demands(present: PlanChange, plan_binding: Binding) -> Iterator[PlanChange]:
    """Halve the largest demand of each binding component, in all steps that have it."""
    for component in dict.fromkeys(component for _, component in plan_binding.waits):
        largest = max(float(getattr(step.demand, component)) for step in present.graph.steps)
        asking = [
            step for step in present.graph.steps if getattr(step.demand, component) == largest
        ]
        if component == "slots" and largest < 2:  # noqa: PLR2004 - one slot has no half
            continue
        half = _halved(asking[0].demand, component)
        if not largest or not admissible(half, present.fleet):
            continue
        asking_ids = {step.id for step in asking}
        steps = [
            replace(step, demand=_halved(step.demand, component)) if step.id in asking_ids else step
            for step in present.graph.steps
        ]
        count = asking[0].id if len(asking) == 1 else f"{len(asking)} steps"
        what = f"half the {UNITS[component]} of {count} (now {largest:g})"
        yield replace(present, what=what, graph=replace(present.graph, steps=tuple(steps)))


def _halved(demand: Resources, component: str) -> Resources:
    half = getattr(demand, component) / 2
    amount = half if component == "cpus" else int(half)
    return demand.model_copy(update={component: amount})
