"""Sums up what became of a workload: plan and results become the summary that a user reads. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from blocks.providers.interface import Outcome
from tasks.distribute.dispatch.results import StepResult, StepState
from tasks.observe.summary import StepLine, WorkloadSummary
from tasks.plan import Placement, Plan
from tasks.workload import StepGraph, StepReport

_WHY = 300


def workload_summary(
    graph: StepGraph,
    plan: Plan,
    results: Mapping[str, StepResult],
    reports: Mapping[str, StepReport],
    seconds: float,
) -> WorkloadSummary:
    """Return the summary of a workload that took ``seconds``."""
    placed = {item.step: item for item in plan.placements}
    return WorkloadSummary(
        workload=graph.workload,
        split_reason=graph.decision.reason,
        steps=tuple(_line(placed, result) for result in results.values()),
        planned_seconds=plan.makespan_seconds,
        bound_seconds=plan.bound_seconds,
        actual_seconds=seconds,
        estimate_source=plan.estimate_source,
        tests=sum(len(step.items) for step in graph.steps),
        failures=tuple(_failures(results, reports)),
        resumed_steps=sum(result.resumed for result in results.values()),
    )


def last_outcomes(graph: StepGraph, results: Mapping[str, StepResult]) -> tuple[Outcome, ...]:
    """Return the outcomes of the steps that no other step waits for."""
    needed = {need for step in graph.steps for need in step.needs}
    last = {step.id for step in graph.steps if step.id not in needed}
    # What a list became stands for its step, which is not executed itself.
    found = [r.outcome for r in results.values() if r.step in last or r.group in last]
    return tuple(outcome for outcome in found if outcome)


def _line(placements: Mapping[str, Placement], result: StepResult) -> StepLine:
    # What one of a list takes was planned for the step that became the list.
    placed = placements.get(result.step) or placements[result.group]
    # What a former run did was not foreseen by this plan.
    ran = result.outcome if result.outcome and not result.resumed else None
    # A failure begins with the word already.
    why = first_line(result.detail).removeprefix(f"{result.state.value}: ")
    note = "" if result.harmless or not why else f": {why}"
    kept = " in a former run" if result.resumed else ""
    if result.parts is not None and result.harmless:
        kept = f" ({result.parts} items)"
    return StepLine(
        result.step,
        result.provider or (placed.provider if ran else ""),
        placed.end_seconds - placed.start_seconds,
        ran.seconds if ran else None,
        f"{result.state.value}{kept}{note}",
        result.attempts,
    )


def _failures(
    results: Mapping[str, StepResult], reports: Mapping[str, StepReport]
) -> Iterator[tuple[str, str]]:
    """Name the tests that failed; of a step without any, the step itself."""
    for result in results.values():
        # Of a list, the items that failed are named themselves.
        if result.state is not StepState.FAILED or result.parts:
            continue
        report = reports.get(result.step)
        items = [item for item in report.items if not item.succeeded] if report else []
        for item in items:
            yield item.id, first_line(item.message) or item.outcome
        if report and items and report.missing:
            yield result.step, f"{len(report.missing)} of its tests did not run"
        if not items:
            yield result.step, first_line(result.detail).removeprefix("failed: ")


def first_line(text: str) -> str:
    """Return the first line of ``text`` that says anything, fit for a table cell."""
    line = next((line.strip() for line in text.splitlines() if line.strip()), "")
    return line[:_WHY].replace("|", "\\|")
