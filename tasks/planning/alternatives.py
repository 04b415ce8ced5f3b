"""The placements of a schedule, each with the alternatives that were not chosen; pure."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from blocks.providers.interface import Resources
from tasks.plan import FleetSnapshot, Placement
from tasks.planning.construct import PIECES
from tasks.planning.core.admissible import why_not
from tasks.planning.core.problem import Floats, Integers, Problem
from tasks.planning.core.schedule import Schedule
from tasks.planning.kernels import construct as kernels
from tasks.workload import StepGraph


def placements_of(
    graph: StepGraph, fleet: FleetSnapshot, problem: Problem, schedule: Schedule, order: Integers
) -> tuple[Placement, ...]:
    """Return the placements of ``schedule`` in that ``order``, int32[n].

    The candidates of a step are the times at which it would end on each provider, behind the
    steps that start before it.
    """
    return tuple(_placements(graph, fleet, problem, schedule, order))


def _placements(
    graph: StepGraph, fleet: FleetSnapshot, problem: Problem, schedule: Schedule, order: Integers
) -> Iterator[Placement]:
    names = [provider.name for provider in fleet.providers]
    rejected: dict[int, tuple[tuple[str, str], ...]] = {}
    finish_times = _finishes(problem, schedule)
    ranked = np.argsort(finish_times, axis=1, kind="stable").tolist()
    ends, starts, providers = (
        schedule.end.tolist(),
        schedule.start.tolist(),
        schedule.provider.tolist(),
    )
    rows = finish_times.tolist()
    for index in order.tolist():
        step, provider, row = graph.steps[index], providers[index], rows[index]
        others = [other for other in ranked[index] if other != provider and row[other] != np.inf]
        # Steps share few demands, and hashing a demand takes long.
        if id(step.demand) not in rejected:
            rejected[id(step.demand)] = _rejected(step.demand, fleet)
        yield Placement(
            step.id,
            names[provider],
            starts[index],
            ends[index],
            fleet.providers[provider].cost(ends[index] - starts[index]),
            tuple((names[other], row[other]) for other in (provider, *others)),
            rejected[id(step.demand)],
        )


def _finishes(problem: Problem, schedule: Schedule) -> Floats:
    return kernels.finishes(
        schedule.order, problem.needs_start, problem.needs,
        problem.seconds, problem.demand, problem.capacity,
        PIECES, schedule.provider, schedule.start, schedule.end,
    )  # fmt: skip


def _rejected(demand: Resources, fleet: FleetSnapshot) -> tuple[tuple[str, str], ...]:
    return tuple((p.name, why) for p in fleet.providers if (why := why_not(demand, p)))
