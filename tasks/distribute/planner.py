"""Plans which step runs where and in what order: list scheduling by upward rank. Pure.

Steps are placed most urgent first, each on the provider its strategy chooses, into the earliest
gap that holds its whole demand (HEFT with insertion, over vectors of capacity).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tasks.distribute.admissible import admissible, refuse_impossible, why_not
from tasks.distribute.bound import lower_bound, work_bounds
from tasks.distribute.caveats import caveats
from tasks.distribute.feasibility import refuse_infeasible
from tasks.distribute.rank import by_rank, critical_path
from tasks.distribute.strategy import PLANNED, Option, Strategy, strategy_of
from tasks.distribute.timeline import Timeline, Vector, vector
from tasks.estimates import Estimate, Estimates, estimate_of
from tasks.plan import FleetSnapshot, Placement, Plan, ProviderState
from tasks.workload import Step, StepGraph


def plan(
    graph: StepGraph, estimates: Estimates, fleet: FleetSnapshot, strategy: str = PLANNED
) -> Plan:
    """Return where and in what order the steps of ``graph`` should run on an idle ``fleet``.

    Raises:
        BadInputError: the strategy is unknown, there is no provider, or a step fits none.
        SlipwayError: the plan does not hold against the independent check; a defect of ours.
    """
    choose = strategy_of(strategy)
    refuse_impossible(graph, fleet)
    expected = {step.id: estimate_of(step, estimates) for step in graph.steps}
    seconds = {step_id: estimate.p50_seconds for step_id, estimate in expected.items()}
    order = by_rank(graph, _mean_seconds(graph, seconds, fleet))
    placements = _Planner(graph, seconds, fleet, choose).place_all(order)
    made = _plan(graph, expected, fleet, strategy, placements)
    refuse_infeasible(graph, seconds, fleet, made)
    return made


def _mean_seconds(
    graph: StepGraph, seconds: Mapping[str, float], fleet: FleetSnapshot
) -> dict[str, float]:
    mean: dict[str, float] = {}
    slowness: dict[object, float] = {}  # steps share few demands
    for step in graph.steps:
        if step.demand not in slowness:
            able = admissible(step.demand, fleet)
            slowness[step.demand] = sum(1 / provider.speed for provider in able) / len(able)
        mean[step.id] = seconds[step.id] * slowness[step.demand]
    return mean


@dataclass(frozen=True, slots=True)
class _Choices:
    demand: Vector
    able: tuple[ProviderState, ...]
    rejected: tuple[tuple[str, str], ...]


class _Planner:
    def __init__(
        self,
        graph: StepGraph,
        seconds: Mapping[str, float],
        fleet: FleetSnapshot,
        choose: Strategy,
    ) -> None:
        self._steps = {step.id: step for step in graph.steps}
        self._seconds, self._fleet, self._choose = seconds, fleet, choose
        demands = {step.demand for step in graph.steps}
        vectors = [vector(demand) for demand in demands]
        smallest = (
            min(v[0] for v in vectors),
            min(v[1] for v in vectors),
            min(v[2] for v in vectors),
        )
        self._timelines = {
            provider.name: Timeline(provider.capacity, smallest=smallest)
            for provider in fleet.providers
        }
        self._choices = {
            demand: _Choices(
                vector(demand),
                admissible(demand, fleet),
                tuple((p.name, why) for p in fleet.providers if (why := why_not(demand, p))),
            )
            for demand in demands
        }
        self._ends: dict[str, float] = {}

    def place_all(self, order: tuple[str, ...]) -> tuple[Placement, ...]:
        return tuple(self._place(self._steps[step_id], n) for n, step_id in enumerate(order))

    def _place(self, step: Step, placed: int) -> Placement:
        choices = self._choices[step.demand]
        ready = max((self._ends[need] for need in step.needs), default=0.0)
        options = [self._option(step, choices, provider, ready) for provider in choices.able]
        chosen = self._choose(options, placed)
        self._ends[step.id] = chosen.end
        self._timelines[chosen.provider.name].reserve(chosen.start, chosen.end, choices.demand)
        others = sorted((o for o in options if o is not chosen), key=lambda o: o.end)
        return Placement(
            step.id,
            chosen.provider.name,
            chosen.start,
            chosen.end,
            chosen.cost,
            tuple((option.provider.name, option.end) for option in (chosen, *others)),
            choices.rejected,
        )

    def _option(
        self, step: Step, choices: _Choices, provider: ProviderState, ready: float
    ) -> Option:
        seconds = self._seconds[step.id] / provider.speed
        start = self._timelines[provider.name].earliest(ready, seconds, choices.demand)
        return Option(provider, start, start + seconds, provider.cost(seconds))


def _plan(
    graph: StepGraph,
    expected: Mapping[str, Estimate],
    fleet: FleetSnapshot,
    strategy: str,
    placements: tuple[Placement, ...],
) -> Plan:
    seconds = {step_id: estimate.p50_seconds for step_id, estimate in expected.items()}
    makespan = max((item.end_seconds for item in placements), default=0.0)
    placed = {item.step: item.end_seconds - item.start_seconds for item in placements}
    sources = sorted({estimate.source for estimate in expected.values()})
    return Plan(
        project=graph.project,
        workload=graph.workload,
        strategy=strategy,
        order=tuple(item.step for item in placements),
        placements=placements,
        makespan_seconds=makespan,
        bound_seconds=lower_bound(graph, seconds, fleet),
        cost=sum(item.cost for item in placements),
        utilisation=_utilisation(graph, placements, fleet, makespan),
        critical_path=critical_path(graph, placed)[0],
        estimate_source=sources[0] if len(sources) == 1 else "mixed: " + ", ".join(sources),
        warnings=caveats(graph, expected, fleet),
    )


def _utilisation(
    graph: StepGraph, placements: tuple[Placement, ...], fleet: FleetSnapshot, makespan: float
) -> float:
    """Return the busy part of the resource that is busiest, as the plan holds it."""
    if not makespan:
        return 0.0
    speeds = {provider.name: provider.speed for provider in fleet.providers}
    done = {p.step: (p.end_seconds - p.start_seconds) * speeds[p.provider] for p in placements}
    return min(1.0, max(work_bounds(graph, done, fleet).values()) / makespan)
