"""A remark on skipped tests: a suite of which all tests are skipped succeeds as well."""

from __future__ import annotations

from collections.abc import Iterable

from tasks.ledger.executions import Execution
from tasks.split.retries import last_successes
from tasks.split.suite import REPORT
from tasks.split.verdicts import read_record


def skip_remarks(executions: Iterable[Execution]) -> list[str]:
    """Return a sentence on how many tests were skipped, where any was."""
    outcomes = [
        result.outcome
        for last in last_successes(executions).values()
        for result in read_record(last.directory / REPORT).results
    ]
    passed, skipped = outcomes.count("passed"), outcomes.count("skipped")
    if not skipped:
        return []
    meaning = "" if passed else ": nothing was tested"
    return [f"Tests: {passed} passed, {skipped} skipped{meaning}."]
