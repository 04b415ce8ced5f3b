"""What was decided of a workload by which estimates, and what came of it. Pure.

Placement is decided anew at each attempt; what is recorded is where the plan put a step. What it
took elsewhere is reckoned in seconds of there, by the speeds of both, so that a decision is not
blamed for the provider.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from tasks.distribute.learnt import Learnt
from tasks.distribute.results import StepResult
from tasks.estimates import Estimates, estimate_of
from tasks.ledger.decisions import Decision
from tasks.plan import FleetSnapshot, Placement, Plan
from tasks.workload import StepGraph

_NAMED = 3


def decided(
    workload: str,
    graph: StepGraph,
    estimates: Estimates,
    fleet: FleetSnapshot,
    made: tuple[Plan, Collection[Learnt], float],
) -> list[Decision]:
    """Return what was decided of ``graph``: its split, its plan, and what becomes of each step.

    ``made`` are the plan, what history decided of the steps, and when (epoch seconds).
    """
    plan, learnt, now = made
    return [
        *_whole(workload, graph, plan, now),
        *_placements(workload, graph, estimates, fleet, (plan, now)),
        *(
            Decision(
                workload,
                choice.kind,
                choice.chosen,
                choice.why,
                now,
                choice.step,
                graph.step(choice.step).history_key,
                estimate_of(graph.step(choice.step), estimates).source,
                choice.unit,
                choice.estimate,
            )
            for choice in learnt
        ),
    ]


def _whole(workload: str, graph: StepGraph, plan: Plan, now: float) -> Iterator[Decision]:
    split = graph.decision
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


def _placements(
    workload: str,
    graph: StepGraph,
    estimates: Estimates,
    fleet: FleetSnapshot,
    made: tuple[Plan, float],
) -> Iterator[Decision]:
    plan, now = made
    speeds = {provider.name: provider.speed for provider in fleet.providers}
    for placed in plan.placements:
        step = graph.step(placed.step)
        if step.foreach:
            continue
        expected, speed = estimate_of(step, estimates), speeds[placed.provider]
        yield Decision(
            workload,
            "placement",
            placed.provider,
            _why(placed),
            now,
            step.id,
            step.history_key,
            expected.source,
            "s",
            expected.p50_seconds / speed,
            None if expected.p80_seconds is None else expected.p80_seconds / speed,
            expected.p90_seconds / speed,
        )


def _why(placed: Placement) -> str:
    others = [f"{name} {end:.1f} s" for name, end in placed.candidates[1 : 1 + _NAMED]]
    return f"it ends at {placed.end_seconds:.1f} s" + (
        f", elsewhere at: {', '.join(others)}" if others else ""
    )


def settled(
    plan: Plan, fleet: FleetSnapshot, results: Mapping[str, StepResult], seconds: float
) -> dict[tuple[str, str], float]:
    """Return what came of the decisions, by step and kind; ``seconds`` is what all of it took.

    What failed, or was done by a former run, says nothing of an estimate; and a workload of which
    that holds for any step says nothing of its plan.
    """
    speeds = {provider.name: provider.speed for provider in fleet.providers}
    planned = {placed.step: placed.provider for placed in plan.placements}
    found: dict[tuple[str, str], float] = {}
    for result in results.values():
        outcome = result.outcome
        if result.resumed or outcome is None:
            continue
        found[result.step, "retries"] = float(result.attempts)
        if not result.succeeded:
            continue
        found[result.step, "timeout"] = outcome.seconds
        found[result.step, "memory"] = outcome.peak_memory_mib
        if result.step in planned:
            factor = speeds.get(result.provider, 1.0) / speeds[planned[result.step]]
            found[result.step, "placement"] = outcome.seconds * factor
    if all(result.harmless and not result.resumed for result in results.values()):
        found["", "plan"] = found["", "split"] = seconds
    return found
