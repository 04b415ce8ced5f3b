"""What `only: failed` runs again of a workload, and what it takes from the last run; pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from blocks.providers.interface import End
from tasks.quantities import moment
from tasks.reuse.ended_run import EndedRun, EndedStep
from tasks.reuse.taken import Reuse, Taken
from tasks.workload import Step, StepGraph

_SKIPPED = "skipped"
_SUCCEEDED = "succeeded"
_FAILED = "it failed"
_ENDS = {
    End.FAILED: _FAILED,
    End.TIMED_OUT: "it timed out",
    End.OUT_OF_MEMORY: "it ran out of memory",
    End.PREEMPTED: "it was stopped",
    End.LOST: "it was lost",
}


def failed_only(
    graph: StepGraph,
    declarations: Mapping[str, str],
    former: EndedRun,
    release: str,
    *,
    files_kept: bool,
) -> Reuse:
    """Return what is taken from ``former``, and why each other step is run again.

    A step is run again if it did not succeed, is new or was changed, or needs a step that is run
    again; and each is where the release (a digest) is another. Of a list, the items that
    succeeded are taken. Unless the ``files_kept`` are those of the former run, what those steps
    need is run again too, as they would miss its files.
    """
    source = source_of(former)
    reasons: dict[str, str] = {}
    for step in graph.steps:
        if reason := _reason(step, declarations[step.id], former, release, reasons):
            reasons[step.id] = reason
    if not files_kept:
        _add_needed(graph, reasons)
    outcomes = {
        name: ended.outcome
        for name, ended in former.steps.items()
        if ended.outcome and ended.outcome.succeeded and _stays(name, ended, reasons)
    }
    why = f"taken from {source}"
    ended = {step.id for step in graph.steps if step.id not in reasons}

    def take(step: Step) -> Taken | None:
        """Return the outcome in ``former``, of a step or of an item."""
        outcome = outcomes.get(step.id)
        return Taken(outcome, why) if outcome else None

    taken = {name: why for name in outcomes if name in ended}
    return Reuse(take, taken, frozenset(ended), reasons, source=source)


def _add_needed(graph: StepGraph, reasons: dict[str, str]) -> None:
    """Add what the steps with reasons need, down to the first step."""
    for step in reversed(graph.steps):
        if step.id in reasons:
            for need in step.needs:
                reasons.setdefault(need, f"{step.id} needs its files, which are gone")


def source_of(former: EndedRun) -> str:
    """Return how messages name the run."""
    return f"the run of {moment(former.ended_at)}"


def _reason(
    step: Step, declaration: str, former: EndedRun, release: str, again: Collection[str]
) -> str:
    """Return why ``step`` is run again; empty if it is not."""
    ended = former.steps.get(step.id)
    needed = next((need for need in step.needs if need in again), "")
    if former.release != release:
        return f"that was release {former.release}"
    if ended is None:
        return "it is new"
    if ended.declaration != declaration:
        return "it was changed"
    if needed:
        return f"it needs {needed}, which is run again"
    if ended.state in {_SUCCEEDED, _SKIPPED}:
        return ""
    return _ENDS.get(ended.outcome.end, _FAILED) if ended.outcome else _without_outcome(ended)


def _without_outcome(ended: EndedStep) -> str:
    return _FAILED if ended.state == "failed" else f"it was {ended.state}"


def _stays(name: str, ended: EndedStep, reasons: Mapping[str, str]) -> bool:
    """Tell whether the outcome of a step holds; that of an item does where only others failed."""
    return name not in reasons and reasons.get(ended.group, _FAILED) == _FAILED
