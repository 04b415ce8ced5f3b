"""A lower bound of the makespan of any plan: what a plan is measured against. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from tasks.distribute.admissible import admissible
from tasks.distribute.rank import critical_path
from tasks.plan import FleetSnapshot
from tasks.workload import StepGraph


def lower_bound(graph: StepGraph, seconds: Mapping[str, float], fleet: FleetSnapshot) -> float:
    """Return a time, in seconds, that no plan can undercut.

    It is the larger of the critical path with every step on the fastest provider that holds it,
    and, for each resource, of the work over what the fleet can do of it in a second.
    ``seconds`` are durations at speed 1.
    """
    fastest = {
        step.id: seconds[step.id] / max(p.speed for p in admissible(step.demand, fleet))
        for step in graph.steps
    }
    _, longest = critical_path(graph, fastest)
    return max(longest, *work_bounds(graph, seconds, fleet).values())


def work_bounds(
    graph: StepGraph, seconds: Mapping[str, float], fleet: FleetSnapshot
) -> dict[str, float]:
    """Return, by resource, how long the whole fleet is busy with the work if it never idles."""
    work = dict.fromkeys(("cpus", "memory_mib", "slots"), 0.0)
    for step in graph.steps:
        demand = step.demand
        for name, amount in (
            ("cpus", demand.cpus),
            ("memory_mib", demand.memory_mib),
            ("slots", demand.slots),
        ):
            work[name] += amount * seconds[step.id]
    able = {
        name: sum(float(getattr(p.capacity, name)) * p.speed for p in fleet.providers)
        for name in work
    }
    return {name: work[name] / able[name] if work[name] else 0.0 for name in work}
