"""Assesses a workload as a whole when its steps have ended: coverage, retries, skips."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from flows.run_state.secret_redaction import redacted
from tasks.cancellation import in_thread
from tasks.ledger.executions import Execution
from tasks.observe.summary import WorkloadSummary
from tasks.split.coverage import judge_coverage, unjudged
from tasks.split.retries import last_successes, retry_remarks
from tasks.split.skips import skip_remarks
from tasks.workload import StepGraph

_COVERAGE = "coverage"


async def appraised(
    summary: WorkloadSummary, graph: StepGraph, done: Sequence[Execution], folder: Path
) -> WorkloadSummary:
    """Return ``summary`` with failures and remarks on the workload as a whole.

    ``done`` are all attempts of the workload, whose workspace still exists; ``folder`` is for
    temporary files.
    """
    return await in_thread(lambda: _appraised(summary, graph, done, folder))


def _appraised(
    summary: WorkloadSummary, graph: StepGraph, done: Sequence[Execution], folder: Path
) -> WorkloadSummary:
    remarks = [*retry_remarks(done), *skip_remarks(done)]
    failures: list[tuple[str, str]] = []
    if summary.succeeded and summary.tests:
        first = graph.steps[0]
        shards = [each.directory for each in last_successes(done).values()]
        python = Path(first.argv[0])
        combined = folder / _COVERAGE
        left_out = graph.decision.left_out
        verdict = (
            unjudged(shards, left_out)
            if left_out
            else judge_coverage(shards, first.cwd, python, first.environment, combined)
        )
        failures += [(_COVERAGE, verdict.failure)] if verdict.failure else []
        remarks += [verdict.remark] if verdict.remark else []
    return replace(
        summary,
        failures=(*summary.failures, *failures),
        remarks=tuple(map(redacted, remarks)),
    )
