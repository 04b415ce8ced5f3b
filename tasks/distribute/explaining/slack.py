"""How late each step of a plan may end without the whole ending later. Pure.

Every step is shifted as far to the end as its followers and its provider leave room for: the
backward half of double justification (Valls, Ballestin and Quintanilla, 2005).
"""

from __future__ import annotations

from collections import defaultdict

from tasks.plan import FleetSnapshot, Plan
from tasks.planning.core.timeline import Timeline, vector
from tasks.workload import StepGraph

# Times that differ by less, as a part of the makespan, are the same but for rounding.
_TOLERANCE = 1e-9


def slack_seconds(graph: StepGraph, plan: Plan, fleet: FleetSnapshot) -> dict[str, float]:
    """Return by step how many seconds later it may end, each on the provider it was given.

    The later steps are taken to move as far as they can, which each of them can do alone.
    """
    # Time runs backwards here: 0 is the end of the plan.
    timelines = {each.name: Timeline(each.capacity) for each in fleet.providers}
    ready: defaultdict[str, float] = defaultdict(float)
    steps = {step.id: step for step in graph.steps}
    position = {step: index for index, step in enumerate(plan.order)}
    latest_first = sorted(
        plan.placements, key=lambda item: (-item.end_seconds, -position[item.step])
    )
    tolerance = _TOLERANCE * max(1.0, plan.makespan_seconds)
    slack: dict[str, float] = {}
    for item in latest_first:
        step, timeline = steps[item.step], timelines[item.provider]
        seconds = item.end_seconds - item.start_seconds
        demand, held = vector(step.demand), max(0.0, seconds - tolerance)
        start = timeline.earliest(ready[step.id], held, demand)
        timeline.reserve(start, start + held, demand)
        for need in step.needs:
            ready[need] = max(ready[need], start + seconds)
        left = plan.makespan_seconds - start - item.end_seconds
        slack[step.id] = left if left > len(steps) * tolerance else 0.0
    return slack
