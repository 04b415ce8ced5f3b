"""Turns a schedule of numbers into placements that say what else there was to choose. Pure."""

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

    The candidates of a step are when it would end elsewhere, behind those that start before it.
    """
    return tuple(_placements(graph, fleet, problem, schedule, order))


def _placements(
    graph: StepGraph, fleet: FleetSnapshot, problem: Problem, schedule: Schedule, order: Integers
) -> Iterator[Placement]:
    names = [provider.name for provider in fleet.providers]
    rejected: dict[int, tuple[tuple[str, str], ...]] = {}
    found = _finishes(problem, schedule)
    ranked = np.argsort(found, axis=1, kind="stable").tolist()
    ends, starts, where = schedule.end.tolist(), schedule.start.tolist(), schedule.provider.tolist()
    rows = found.tolist()
    for index in order.tolist():
        step, chosen, row = graph.steps[index], where[index], rows[index]
        others = [n for n in ranked[index] if n != chosen and row[n] != np.inf]
        # Steps share few demands, and asking a demand for its hash takes long.
        if id(step.demand) not in rejected:
            rejected[id(step.demand)] = _rejected(step.demand, fleet)
        yield Placement(
            step.id,
            names[chosen],
            starts[index],
            ends[index],
            fleet.providers[chosen].cost(ends[index] - starts[index]),
            tuple((names[n], row[n]) for n in (chosen, *others)),
            rejected[id(step.demand)],
        )


def _finishes(problem: Problem, schedule: Schedule) -> Floats:
    return kernels.finishes(
        schedule.order,
        *(problem.needs_start, problem.needs, problem.seconds, problem.demand, problem.capacity),
        *(PIECES, schedule.provider, schedule.start, schedule.end),
    )


def _rejected(demand: Resources, fleet: FleetSnapshot) -> tuple[tuple[str, str], ...]:
    return tuple((p.name, why) for p in fleet.providers if (why := why_not(demand, p)))
