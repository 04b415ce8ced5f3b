"""The decisions made for a workload, the estimates they used, and the actual values; pure.

Placement is decided again at each attempt; the record is of the provider in the plan. A duration
on another provider is converted to seconds of the planned one, by the speeds of both, so that a
decision is not blamed for the provider.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from tasks.distribute.dispatch.results import StepResult
from tasks.distribute.planned import PlannedWorkload
from tasks.estimates import estimate_of
from tasks.ledger.decisions import Decision
from tasks.plan import FleetSnapshot, Placement, Plan

_NAMED = 3


def decisions_of(workload: str, planned: PlannedWorkload, now: float) -> list[Decision]:
    """Return the decisions about ``planned``: its split, its plan and the settings of each step.

    ``workload`` is the id of its run, ``now`` epoch seconds.
    """
    return [
        *_of_the_whole(workload, planned, now),
        *_placements(workload, planned, now),
        *_autotuned(workload, planned, now),
    ]


def _of_the_whole(workload: str, planned: PlannedWorkload, now: float) -> Iterator[Decision]:
    graph, plan, split = planned.graph, planned.plan, planned.graph.decision
    key, source = f"{graph.project}/{graph.workload}", plan.estimate_source
    predicted = dict(split.alternatives).get(split.parts)
    yield Decision(
        workload, "split", f"{split.parts} steps", split.reason, now,
        key=key, source=source, estimate=predicted,
    )  # fmt: skip
    why = f"at least {plan.bound_seconds:.1f} s are needed whatever the plan"
    yield Decision(
        workload, "plan", plan.strategy, why, now,
        key=key, source=source, estimate=plan.makespan_seconds,
    )  # fmt: skip


def _placements(workload: str, planned: PlannedWorkload, now: float) -> Iterator[Decision]:
    speeds = {provider.name: provider.speed for provider in planned.fleet.providers}
    for placement in planned.plan.placements:
        step = planned.graph.step(placement.step)
        if step.foreach:
            continue
        expected, speed = estimate_of(step, planned.estimates), speeds[placement.provider]
        yield Decision(
            workload,
            "placement",
            placement.provider,
            _why(placement),
            now,
            step.id,
            step.history_key,
            expected.source,
            "s",
            expected.p50_seconds / speed,
            None if expected.p80_seconds is None else expected.p80_seconds / speed,
            expected.p90_seconds / speed,
        )


def _autotuned(workload: str, planned: PlannedWorkload, now: float) -> Iterator[Decision]:
    for choice in planned.autotuned:
        step = planned.graph.step(choice.step)
        yield Decision(
            workload,
            choice.kind,
            choice.chosen,
            choice.why,
            now,
            step.id,
            step.history_key,
            estimate_of(step, planned.estimates).source,
            choice.unit,
            choice.estimate,
        )


def _why(placement: Placement) -> str:
    others = [f"{name} {end:.1f} s" for name, end in placement.candidates[1 : 1 + _NAMED]]
    return f"it ends at {placement.end_seconds:.1f} s" + (
        f", elsewhere at: {', '.join(others)}" if others else ""
    )


def actual_values(
    plan: Plan, fleet: FleetSnapshot, results: Mapping[str, StepResult], seconds: float
) -> dict[tuple[str, str], float]:
    """Return the actual values of the decisions, by step and kind; ``seconds`` is the makespan.

    A step that failed, or whose outcome is that of a former run, has no actual values; a workload
    with such a step has none for its plan.
    """
    speeds = {provider.name: provider.speed for provider in fleet.providers}
    planned = {placement.step: placement.provider for placement in plan.placements}
    actual: dict[tuple[str, str], float] = {}
    for result in results.values():
        outcome = result.outcome
        if result.kept or outcome is None:
            continue
        actual[result.step, "retries"] = float(result.attempts)
        if not result.succeeded:
            continue
        actual[result.step, "timeout"] = outcome.seconds
        actual[result.step, "memory"] = outcome.peak_memory_mib
        if result.step in planned:
            factor = speeds.get(result.provider, 1.0) / speeds[planned[result.step]]
            actual[result.step, "placement"] = outcome.seconds * factor
    if all(result.harmless and not result.kept for result in results.values()):
        actual["", "plan"] = actual["", "split"] = seconds
    return actual
