"""The slack of each step of a plan: how much later it may end without delaying the plan; pure.

Every step is shifted as far to the end as its followers and its provider allow: the backward half
of double justification (Valls, Ballestin and Quintanilla, 2005).
"""

from __future__ import annotations

from collections import defaultdict

from tasks.plan import FleetSnapshot, Plan
from tasks.planning.core.timeline import Timeline, vector
from tasks.workload import StepGraph

# Times that differ by a smaller fraction of the makespan differ only by rounding.
_TOLERANCE = 1e-9


def slack_seconds(graph: StepGraph, plan: Plan, fleet: FleetSnapshot) -> dict[str, float]:
    """Return by step how many seconds later it may end on its provider.

    Later steps are shifted as far as they can be; the slack of a step is that of it alone.
    """
    # Time runs backwards here: 0 is the end of the plan.
    timelines = {provider.name: Timeline(provider.capacity) for provider in fleet.providers}
    ready: defaultdict[str, float] = defaultdict(float)
    steps = {step.id: step for step in graph.steps}
    position = {step: index for index, step in enumerate(plan.order)}
    latest_first = sorted(
        plan.placements, key=lambda placement: (-placement.end_seconds, -position[placement.step])
    )
    tolerance = _TOLERANCE * max(1.0, plan.makespan_seconds)
    slack: dict[str, float] = {}
    for placement in latest_first:
        step, timeline = steps[placement.step], timelines[placement.provider]
        seconds = placement.end_seconds - placement.start_seconds
        demand, held_seconds = vector(step.demand), max(0.0, seconds - tolerance)
        start = timeline.earliest(ready[step.id], held_seconds, demand)
        timeline.reserve(start, start + held_seconds, demand)
        for need in step.needs:
            ready[need] = max(ready[need], start + seconds)
        seconds_left = plan.makespan_seconds - start - placement.end_seconds
        slack[step.id] = seconds_left if seconds_left > len(steps) * tolerance else 0.0
    return slack
