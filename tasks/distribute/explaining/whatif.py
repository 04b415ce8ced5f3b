"""What would change a plan: the same workload planned again after one change at a time. Pure."""

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

MOST_CHANGES = 16
# So many steps may be planned again in all: a large workload has fewer changes tried.
_STEPS_IN_ALL = 20_000
_MOST_TWINS, _MOST_SPLITS = 6, 4

# How many times as much money or time a goal may be given.
_MORE = (1.25, 1.5, 2.0)

Replan = Callable[..., Plan]
"""Plans a graph by its estimates on a fleet; takes a ``goal`` where a change has one."""


@dataclass(frozen=True, slots=True)
class Change:
    """A workload and a fleet that differ from what is planned in the one thing that ``what`` says.

    ``goal`` is another one to plan for; None: the same.
    """

    what: str
    graph: StepGraph
    estimates: Estimates
    fleet: FleetSnapshot
    goal: Goal | None = None


@dataclass(frozen=True, slots=True)
class Effect:
    """What a change would bring: the makespan with it and by how much it is shorter, in seconds.

    ``cost`` is by how much it is dearer, in the currency of the providers' prices.
    """

    what: str
    makespan_seconds: float
    gain_seconds: float
    cost: float


def effects(changes: Sequence[Change], plan: Plan, replan: Replan) -> tuple[Effect, ...]:
    """Return the effect of each of ``changes`` on ``plan``, the largest gain first.

    Each change only adds room, so where planning again finds nothing better, ``plan`` stands. A
    gain is therefore never overstated, also where ``replan`` searches less than was for ``plan``.
    """
    found = [_effect(change, plan, replan) for change in changes]
    return tuple(sorted(found, key=lambda effect: (-effect.gain_seconds, effect.cost)))


def _effect(change: Change, plan: Plan, replan: Replan) -> Effect:
    made = _replanned(change, replan)
    if made is None or not _better(made, plan):
        return Effect(change.what, plan.makespan_seconds, 0.0, 0.0)
    gain = plan.makespan_seconds - made.makespan_seconds
    return Effect(change.what, made.makespan_seconds, gain, made.cost - plan.cost)


def _replanned(change: Change, replan: Replan) -> Plan | None:
    """Return the plan after ``change``; None where a quick search finds none that keeps the goal."""
    other = {"goal": change.goal} if change.goal else {}
    try:
        return replan(change.graph, change.estimates, change.fleet, **other)
    except BadInputError:
        return None


def _better(made: Plan, plan: Plan) -> bool:
    if plan.goal is None:
        return made.makespan_seconds < plan.makespan_seconds
    worth = plan.goal.worth
    return worth(made.makespan_seconds, made.cost) < worth(plan.makespan_seconds, plan.cost)


def changes(
    graph: StepGraph, estimates: Estimates, fleet: FleetSnapshot, plan: Plan, found: Binding
) -> tuple[Change, ...]:
    """Return what is worth trying, of every sort in turn; fewer for a workload of many steps."""
    same = Change("", graph, estimates, fleet)
    sorts = (
        *(_limits(same, plan), _twins(same, found), _splits(same, plan)),
        *(_room(same, found), _demands(same, found)),
    )
    in_turn = chain.from_iterable(zip_longest(*sorts))
    most = most_changes(len(graph.steps))
    return tuple(islice((change for change in in_turn if change), most))


def most_changes(steps: int) -> int:
    """Return how many changes of a workload of so many steps are tried at most."""
    return min(MOST_CHANGES, max(1, _STEPS_IN_ALL // max(1, steps)))


def _limits(same: Change, plan: Plan) -> Iterator[Change]:
    """Give more money or more time than a goal that binds permits."""
    goal = plan.goal
    if goal is None or plan.strategy != GOAL:
        return
    for more in _MORE:
        if goal.budget:
            larger = goal.model_copy(update={"budget": goal.budget * more})
            yield replace(same, what=f"a budget of {larger.budget:g}", goal=larger)
        if goal.deadline_seconds and goal.objective != "makespan":
            later = goal.model_copy(update={"deadline_seconds": goal.deadline_seconds * more})
            yield replace(same, what=f"a deadline of {later.deadline_seconds:g} s", goal=later)


def _twins(same: Change, found: Binding) -> Iterator[Change]:
    """Add one more provider of each kind, that which binds first."""
    binds = found.resource[0] if found.resource else ""
    kinds: dict[tuple[object, ...], ProviderState] = {}
    for each in sorted(same.fleet.providers, key=lambda each: each.name != binds):
        kinds.setdefault((each.kind, each.capacity, each.speed, each.price_per_hour), each)
    for each in islice(kinds.values(), _MOST_TWINS):
        twin = replace(each, name=f"{each.name} (twin)", free=each.capacity)
        fleet = replace(same.fleet, providers=(*same.fleet.providers, twin))
        yield replace(same, what=f"one more provider like {each.name}", fleet=fleet)


def _splits(same: Change, plan: Plan) -> Iterator[Change]:
    """Split the longest steps of the critical path, one at a time."""
    takes = {item.step: item.end_seconds - item.start_seconds for item in plan.placements}
    path = [same.graph.step(step) for step in plan.critical_path if takes[step] > 0]
    whole = [step for step in path if len(step.items) != 1 and not step.foreach]
    for step in sorted(whole, key=lambda step: -takes[step.id])[:_MOST_SPLITS]:
        yield _split(same, step)


def _split(same: Change, step: Step) -> Change:
    """Have two steps do half of the work each; those of a suite start up each for itself."""
    halves = [replace(step, id=f"{step.id} ({n}/2)", items=step.items[n - 1 :: 2]) for n in (1, 2)]
    estimates = same.estimates
    if not step.items:
        key = f"half of {step.history_key}"
        halves = [replace(half, history_key=key) for half in halves]
        estimates = {**estimates, key: _half(step, estimates)}
    steps: list[Step] = []
    for each in same.graph.steps:
        needs = tuple(i for need in each.needs for i in _instead(need, step, halves))
        steps += halves if each is step else [replace(each, needs=needs)]
    graph = replace(same.graph, steps=tuple(steps))
    return replace(same, what=f"{step.id} split in two", graph=graph, estimates=estimates)


def _half(step: Step, estimates: Estimates) -> Estimate:
    whole = estimate_of(step, estimates)
    return replace(_halved_estimate(whole), others=tuple(map(_halved_estimate, whole.others)))


def _halved_estimate(whole: Estimate) -> Estimate:
    return replace(whole, p50_seconds=whole.p50_seconds / 2, p90_seconds=whole.p90_seconds / 2)


def _instead(need: str, step: Step, halves: Sequence[Step]) -> tuple[str, ...]:
    return tuple(half.id for half in halves) if need == step.id else (need,)


def _room(same: Change, found: Binding) -> Iterator[Change]:
    """Double what binds of each provider that the plan waits for."""
    longest: dict[str, Resource] = {}
    for resource in found.waits:
        longest.setdefault(resource[0], resource)
    for name, resource in longest.items():
        full = found.tied(resource)
        doubled = [_doubled(p, full) if p.name == name else p for p in same.fleet.providers]
        what = f"twice the {' and '.join(UNITS[each] for each in full)} of {name}"
        yield replace(same, what=what, fleet=replace(same.fleet, providers=tuple(doubled)))


def _doubled(provider: ProviderState, components: Sequence[str]) -> ProviderState:
    more = {name: 2 * getattr(provider.capacity, name) for name in components}
    capacity = provider.capacity.model_copy(update=more)
    return replace(provider, capacity=capacity, free=capacity)


def _demands(same: Change, found: Binding) -> Iterator[Change]:
    """Halve the largest demand of what binds, wherever it is asked for."""
    for component in dict.fromkeys(component for _, component in found.waits):
        largest = max(float(getattr(step.demand, component)) for step in same.graph.steps)
        asking = [s for s in same.graph.steps if getattr(s.demand, component) == largest]
        if component == "slots" and largest < 2:  # noqa: PLR2004 - one slot has no half
            continue
        half = _halved(asking[0].demand, component)
        if not largest or not admissible(half, same.fleet):
            continue
        wanted = {step.id for step in asking}
        steps = [
            replace(s, demand=_halved(s.demand, component)) if s.id in wanted else s
            for s in same.graph.steps
        ]
        count = asking[0].id if len(asking) == 1 else f"{len(asking)} steps"
        what = f"half the {UNITS[component]} of {count} (now {largest:g})"
        yield replace(same, what=what, graph=replace(same.graph, steps=tuple(steps)))


def _halved(demand: Resources, component: str) -> Resources:
    half = getattr(demand, component) / 2
    amount = half if component == "cpus" else int(half)
    return demand.model_copy(update={component: amount})
