"""Remarks on the tests and steps that passed only on a retry."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

from blocks.providers.interface import End
from tasks.ledger.executions import Execution
from tasks.split.suite import REPORT
from tasks.split.verdicts import read_record

_NAMED = 5
_RETRYABLE_ENDS = frozenset({End.FAILED, End.TIMED_OUT, End.OUT_OF_MEMORY})


def last_successes(executions: Iterable[Execution]) -> dict[str, Execution]:
    """Return the last attempt of each step whose last attempt succeeded, by step."""
    last = {execution.step: execution for execution in executions}
    return {
        step: execution
        for step, execution in last.items()
        if execution.outcome and execution.outcome.succeeded
    }


def retry_remarks(executions: Sequence[Execution]) -> list[str]:
    """Return a sentence on the tests, and one on the steps, that passed only on a retry."""
    successes = last_successes(executions)
    former: defaultdict[str, list[Execution]] = defaultdict(list)
    for execution in executions:
        if execution.outcome and execution.outcome.end in _RETRYABLE_ENDS:
            former[execution.step].append(execution)
    tests: list[str] = []
    steps: list[str] = []
    count = 0
    for step, last in successes.items():
        record = read_record(last.directory / REPORT)
        passed = [result.id for result in record.results if result.succeeded]
        count += len(passed)
        failed_before = record.rerun | {
            test for execution in former[step] for test in _failed(execution)
        }
        retried = [test for test in passed if test in failed_before]
        tests += retried
        # A shard that was ended as a whole has no test to name.
        steps += [step] if former[step] and not retried else []
    return [*_sentence("tests", tests, count), *_sentence("steps", steps, len(successes))]


def _failed(execution: Execution) -> Iterator[str]:
    for result in read_record(execution.directory / REPORT).results:
        if not result.succeeded:
            yield result.id


def _sentence(what: str, names: Sequence[str], count: int) -> Iterator[str]:
    if names:
        more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
        shown_names = ", ".join(names[:_NAMED])
        yield f"{len(names)} of {count} {what} passed only on retry: {shown_names}{more}."
