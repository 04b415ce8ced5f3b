"""Builds the summary of a workload that a user reads from its plan and results; pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from blocks.providers.interface import Outcome
from tasks.distribute.dispatch.results import StepResult, StepState
from tasks.observe.summary import StepLine, WorkloadSummary
from tasks.plan import Placement, Plan
from tasks.reuse.taken import NOTHING_REUSED, Reuse
from tasks.workload import StepGraph, StepReport

_WHY_CHARACTERS = 300


def workload_summary(  # noqa: PLR0917 - a plan and its results
    graph: StepGraph,
    plan: Plan,
    results: Mapping[str, StepResult],
    reports: Mapping[str, StepReport],
    seconds: float,
    reuse: Reuse = NOTHING_REUSED,
) -> WorkloadSummary:
    """Return the summary of a workload that took ``seconds`` and took ``reuse`` from others."""
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
        taken_steps=sum(bool(result.taken) for result in results.values()),
        taken_tests=reuse.tests,
        repeated=reuse.source,
    )


def last_outcomes(graph: StepGraph, results: Mapping[str, StepResult]) -> tuple[Outcome, ...]:
    """Return the outcomes of the steps that no other step waits for."""
    needed = {need for step in graph.steps for need in step.needs}
    last = {step.id for step in graph.steps if step.id not in needed}
    # The steps that a list expanded to stand for its step, which is not executed itself.
    outcomes = [
        result.outcome for result in results.values() if result.step in last or result.group in last
    ]
    return tuple(outcome for outcome in outcomes if outcome)


def _line(placements: Mapping[str, Placement], result: StepResult) -> StepLine:
    # A step of a list has no placement of its own, but that of the step which became the list; one
    # that was not expected to run has none.
    placed = placements.get(result.step) or placements.get(result.group)
    # A step that a former run executed is not part of this plan.
    ran = result.outcome if result.outcome and not result.kept else None
    # A failure begins with the word already.
    why = first_line(result.detail).removeprefix(f"{result.state.value}: ")
    note = "" if result.harmless or not why else f": {why}"
    suffix = " in a former run" if result.resumed else ""
    suffix = f", {result.taken}" if result.taken else suffix
    if result.parts is not None and result.harmless:
        suffix = f" ({result.parts} items)"
    return StepLine(
        result.step,
        result.provider or (placed.provider if ran and placed else ""),
        placed.end_seconds - placed.start_seconds if placed else 0.0,
        ran.seconds if ran else None,
        f"{result.state.value}{suffix}{note}",
        result.attempts,
    )


def _failures(
    results: Mapping[str, StepResult], reports: Mapping[str, StepReport]
) -> Iterator[tuple[str, str]]:
    """Yield failed tests with their messages; for a step without tests, the step itself."""
    for result in results.values():
        # For a list, the items that failed are named instead.
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
    return line[:_WHY_CHARACTERS].replace("|", "\\|")
