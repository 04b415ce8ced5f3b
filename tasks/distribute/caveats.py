"""What may go otherwise than planned. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from tasks.distribute.admissible import amounts
from tasks.estimates import Estimate
from tasks.plan import FleetSnapshot
from tasks.workload import StepGraph

_NAMED = 3
_RELIABLE = 0.8


def caveats(
    graph: StepGraph, expected: Mapping[str, Estimate], fleet: FleetSnapshot
) -> tuple[str, ...]:
    """Return what a user should know before the plan runs, one sentence each."""
    unknown = [step_id for step_id, estimate in expected.items() if estimate.source == "default"]
    late = [
        step.id
        for step in graph.steps
        if step.timeout_seconds and expected[step.id].p90_seconds > step.timeout_seconds
    ]
    shaky = [step_id for step_id, estimate in expected.items() if estimate.success < _RELIABLE]
    lists = [step.id for step in graph.steps if step.foreach]
    busy = [
        f"{provider.name} has only {amounts(provider.free.model_dump()) or 'nothing'} free now"
        for provider in fleet.providers
        if provider.free != provider.capacity
    ]
    found = [
        (unknown, f"no history of {_named(unknown)}: durations are assumed"),
        (late, f"may exceed their time-out: {_named(late)}"),
        (shaky, f"fail more often than one time in five: {_named(shaky)}"),
        (lists, f"counted as one step, but one for each item of a list: {_named(lists)}"),
        (busy, "; ".join(busy) + ": steps may start later"),
    ]
    return tuple(text for subject, text in found if subject)


def _named(step_ids: list[str]) -> str:
    more = f" and {len(step_ids) - _NAMED} more" if len(step_ids) > _NAMED else ""
    return ", ".join(step_ids[:_NAMED]) + more
