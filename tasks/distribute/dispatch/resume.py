"""The state that a run that died left of its workload, read from its executions; pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from blocks.providers.interface import End
from tasks.distribute.dispatch.ready_queue import FormerRun
from tasks.ledger.executions import Execution


def unfinished(executions: Iterable[Execution]) -> dict[str, Execution]:
    """Return by step the last attempts that have no outcome: they may still run."""
    return {step: last for step, last in _last(executions).items() if last.outcome is None}


def former_run(executions: Iterable[Execution]) -> FormerRun:
    """Return the finished steps, and the running ones with their providers.

    A step whose last attempt failed is neither: a resumed workload tries it again.
    """
    last = _last(executions)
    return FormerRun(
        finished={s: e.outcome for s, e in last.items() if e.outcome and e.outcome.succeeded},
        started={step: e.provider for step, e in last.items() if e.outcome is None},
    )


def failed_tries(executions: Iterable[Execution]) -> Mapping[str, int]:
    """Return by step how many attempts have failed by themselves.

    One that was cancelled, or lost with its run, says nothing about the step.
    """
    return Counter(
        each.step
        for each in executions
        if each.outcome and each.outcome.end not in {End.SUCCEEDED, End.PREEMPTED, End.LOST}
    )


def _last(executions: Iterable[Execution]) -> Mapping[str, Execution]:
    last: dict[str, Execution] = {}
    for execution in executions:
        if execution.step not in last or last[execution.step].attempt < execution.attempt:
            last[execution.step] = execution
    return last
