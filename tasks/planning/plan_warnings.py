"""Warnings about a plan: assumed durations, short time-outs, unreliable steps, no room; pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from tasks.estimates import Estimate
from tasks.plan import FleetSnapshot
from tasks.planning.core.admissible import amounts
from tasks.workload import StepGraph

_NAMED = 3
_RELIABLE = 0.8
_LEARN = "Run it once; every run is learnt from"
_RAISE = "Raise their `timeout_seconds`"
_MEND = "Fix them, or give them `retries`"
_LIST = "Plan with a longer estimate in mind; the items are placed when the list is there"
_OTHERS = "Wait for them, or name other `providers`"


@dataclass(frozen=True, slots=True)
class Advice:
    """A finding about a plan, and its remedy."""

    finding: str
    remedy: str


def warnings_with_remedies(
    graph: StepGraph, expected: Mapping[str, Estimate], fleet: FleetSnapshot
) -> tuple[Advice, ...]:
    """Return the warnings about a plan, each with a remedy."""
    unknown = [step_id for step_id, estimate in expected.items() if estimate.source == "default"]
    declared = [step_id for step_id, estimate in expected.items() if estimate.source == "declared"]
    siblings = [step_id for step_id, estimate in expected.items() if estimate.source == "siblings"]
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
    warnings = [
        (unknown, f"no history of {_named(unknown)}: durations are assumed", _LEARN),
        (declared, f"no history of {_named(declared)}: durations are as declared", _LEARN),
        (
            siblings,
            f"no history of {_named(siblings)}: taken to last as others of the matrix",
            _LEARN,
        ),
        (late, f"may exceed their time-out: {_named(late)}", _RAISE),
        (shaky, f"fail more often than one time in five: {_named(shaky)}", _MEND),
        (lists, f"counted as one step, but one for each item of a list: {_named(lists)}", _LIST),
        (busy, "; ".join(busy) + ": steps may start later", _OTHERS),
    ]
    return (
        *(Advice(text, remedy) for affected, text, remedy in warnings if affected),
        *_borrowed(expected, fleet),
    )


def _borrowed(expected: Mapping[str, Estimate], fleet: FleetSnapshot) -> Iterator[Advice]:
    """Warn where the durations of a kind of provider are taken from another kind."""
    for kind in dict.fromkeys(provider.kind for provider in fleet.providers):
        missing = {
            step: estimate.kind
            for step, estimate in expected.items()
            if estimate.kind and estimate.on(kind).kind != kind
        }
        if missing:
            others = " and ".join(sorted(set(missing.values())))
            steps = _named(list(missing))
            yield Advice(f"no history on {kind} of {steps}: taken to last as on {others}", _LEARN)


def plan_warnings(
    graph: StepGraph, expected: Mapping[str, Estimate], fleet: FleetSnapshot
) -> tuple[str, ...]:
    """Return what a user should know before the plan runs, one sentence each."""
    return tuple(warning.finding for warning in warnings_with_remedies(graph, expected, fleet))


def _named(step_ids: list[str]) -> str:
    more = f" and {len(step_ids) - _NAMED} more" if len(step_ids) > _NAMED else ""
    return ", ".join(step_ids[:_NAMED]) + more
