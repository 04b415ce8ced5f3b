"""The tests that succeeded in a run, so that the next one need not repeat them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from tasks.ledger.executions import Execution
from tasks.split.suite import REPORT, item_key
from tasks.split.verdicts import read_record
from tasks.workload import StepGraph


def passed_tests(graph: StepGraph, executions: Iterable[Execution]) -> list[str]:
    """Return the ids of the tests of ``graph`` that succeeded in their shard's last attempt.

    A shard that failed although each of its tests succeeded, e.g. in what it does at its end, is
    to be run again as a whole: none of its tests counts.
    """
    last = {execution.step: execution for execution in executions}
    prefix = item_key(graph.project, graph.workload, "")
    passed: list[str] = []
    for step in graph.steps:
        selected = {key.removeprefix(prefix) for key in step.items}
        if selected and step.id in last:
            passed += _passed(last[step.id], selected)
    return passed


def _passed(execution: Execution, selected: set[str]) -> Iterator[str]:
    results = read_record(execution.directory / REPORT).results
    succeeded = {result.id for result in results if result.succeeded} & selected
    whole = execution.outcome is not None and execution.outcome.succeeded
    if whole or succeeded != selected:
        yield from sorted(succeeded)
