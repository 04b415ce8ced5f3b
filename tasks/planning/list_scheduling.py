"""List scheduling by a named strategy: step by step, each into its earliest gap; pure.

For the strategies that a user chooses instead of the planner's own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tasks.plan import FleetSnapshot, Placement, ProviderState
from tasks.planning.core.admissible import admissible, why_not
from tasks.planning.core.rank import by_rank
from tasks.planning.core.timeline import Timeline, Vector, vector
from tasks.planning.strategy import Option, Strategy
from tasks.workload import Step, StepGraph


def place_by(
    choose: Strategy,
    graph: StepGraph,
    seconds: Mapping[str, float],
    fleet: FleetSnapshot,
    on_kind: Mapping[str, Mapping[str, float]] | None = None,
) -> tuple[Placement, ...]:
    """Return the placements of the steps, most urgent first.

    ``seconds`` are durations at speed 1, and ``on_kind`` those on a kind of provider, where these
    differ.
    """
    order = by_rank(graph, _mean_seconds(graph, seconds, fleet))
    return _ListScheduler(graph, seconds, fleet, choose, on_kind or {}).place_all(order)


def _mean_seconds(
    graph: StepGraph, seconds: Mapping[str, float], fleet: FleetSnapshot
) -> dict[str, float]:
    mean: dict[str, float] = {}
    slowness: dict[object, float] = {}  # steps share few demands
    for step in graph.steps:
        if step.demand not in slowness:
            providers = admissible(step.demand, fleet)
            slowness[step.demand] = sum(1 / provider.speed for provider in providers) / len(
                providers
            )
        mean[step.id] = seconds[step.id] * slowness[step.demand]
    return mean


@dataclass(frozen=True, slots=True)
class _Eligibility:
    demand: Vector
    providers: tuple[ProviderState, ...]
    rejected: tuple[tuple[str, str], ...]


class _ListScheduler:
    def __init__(
        self,
        graph: StepGraph,
        seconds: Mapping[str, float],
        fleet: FleetSnapshot,
        choose: Strategy,
        on_kind: Mapping[str, Mapping[str, float]],
    ) -> None:
        self._steps = {step.id: step for step in graph.steps}
        self._seconds = seconds
        self._fleet = fleet
        self._choose_option = choose
        self._on_kind = on_kind
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
        self._eligibility = {
            demand: _Eligibility(
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
        eligibility = self._eligibility[step.demand]
        ready = max((self._ends[need] for need in step.needs), default=0.0)
        options = [
            self._option(step, eligibility, provider, ready) for provider in eligibility.providers
        ]
        best = self._choose_option(options, placed)
        self._ends[step.id] = best.end
        self._timelines[best.provider.name].reserve(best.start, best.end, eligibility.demand)
        others = sorted(
            (option for option in options if option is not best), key=lambda option: option.end
        )
        return Placement(
            step.id,
            best.provider.name,
            best.start,
            best.end,
            best.cost,
            tuple((option.provider.name, option.end) for option in (best, *others)),
            eligibility.rejected,
        )

    def _option(
        self, step: Step, eligibility: _Eligibility, provider: ProviderState, ready: float
    ) -> Option:
        seconds = self._on_kind.get(provider.kind, self._seconds)[step.id] / provider.speed
        start = self._timelines[provider.name].earliest(ready, seconds, eligibility.demand)
        return Option(provider, start, start + seconds, provider.cost(seconds))
