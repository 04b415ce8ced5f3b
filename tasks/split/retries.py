"""Finds what succeeded only when it was tried again: tests by name, other steps by theirs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

from blocks.providers.interface import End
from tasks.ledger.executions import Execution
from tasks.split.suite import REPORT
from tasks.split.verdicts import read_record

_NAMED = 5
_OF_ITSELF = frozenset({End.FAILED, End.TIMED_OUT, End.OUT_OF_MEMORY})


def last_successes(executions: Iterable[Execution]) -> dict[str, Execution]:
    """Return the last attempt of each step whose last attempt succeeded, by step."""
    last = {each.step: each for each in executions}
    return {step: each for step, each in last.items() if each.outcome and each.outcome.succeeded}


def retry_remarks(executions: Sequence[Execution]) -> list[str]:
    """Return a sentence on the tests, and one on the steps, that passed only on a retry."""
    good = last_successes(executions)
    former: defaultdict[str, list[Execution]] = defaultdict(list)
    for each in executions:
        if each.outcome and each.outcome.end in _OF_ITSELF:
            former[each.step].append(each)
    tests: list[str] = []
    steps: list[str] = []
    count = 0
    for step, last in good.items():
        record = read_record(last.directory / REPORT)
        passed = [result.id for result in record.results if result.succeeded]
        count += len(passed)
        bad = record.rerun | {test for each in former[step] for test in _failed(each)}
        retried = [test for test in passed if test in bad]
        tests += retried
        # A shard that was ended as a whole has no test to name.
        steps += [step] if former[step] and not retried else []
    return [*_sentence("tests", tests, count), *_sentence("steps", steps, len(good))]


def _failed(execution: Execution) -> Iterator[str]:
    for result in read_record(execution.directory / REPORT).results:
        if not result.succeeded:
            yield result.id


def _sentence(what: str, names: Sequence[str], count: int) -> Iterator[str]:
    if names:
        more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
        listed = ", ".join(names[:_NAMED])
        yield f"{len(names)} of {count} {what} passed only on retry: {listed}{more}."
