"""The results of a shard's tests, their timings, and the cause where the shard failed.

The shard wrote a line of JSON when each test started and ended, so that the results are complete
even where its process was killed.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from blocks.providers.interface import End, Outcome
from blocks.redaction import redact
from tasks.regular_file import IrregularFileError
from tasks.split.entries import entries, result_of
from tasks.split.suite import item_key, startup_key
from tasks.workload import ItemResult, Step, StepReport

_NAMED = 5


@dataclass(frozen=True, slots=True)
class CoverageLimit:
    """The coverage that a suite requires, in percent, and the file of its settings."""

    percent: float
    settings: str


@dataclass(frozen=True, slots=True)
class ShardRecord:
    """The entries of a shard: results in order, and the test that started and never ended.

    ``problem`` is the reason why it could not start, or not run all tests. ``status`` is the exit
    status of pytest itself, ``final_status`` the one that a conftest or plugin left; None where pytest did
    not end. ``coverage`` is the limit of the suite, ``covered`` the measurement of pytest-cov, in
    percent. ``rerun`` are tests that a plugin has tried again.
    """

    results: tuple[ItemResult, ...] = ()
    running: str = ""
    problem: str = ""
    status: int | None = None
    final_status: int | None = None
    coverage: CoverageLimit | None = None
    covered: float | None = None
    rerun: frozenset[str] = frozenset()


def read_record(path: Path) -> ShardRecord:
    """Return the record in ``path``, empty without a file; of each test the last result counts."""
    try:
        return _record(entries(path))
    except (FileNotFoundError, NotADirectoryError):
        return ShardRecord()
    except IrregularFileError as error:
        remedy = "A test has put it there: leave that path to Slipway."
        return ShardRecord(problem=f"the results of its tests are unknown: {error}. {remedy}")


def _record(shard_entries: Iterable[dict[str, Any]]) -> ShardRecord:
    """Return the record of ``shard_entries``."""
    results: dict[str, ItemResult] = {}
    running = problem = ""
    status = final_status = coverage = covered = None
    rerun: set[str] = set()
    for entry in shard_entries:
        if "started" in entry:
            running = str(entry["started"])
        elif "problem" in entry:
            problem = str(entry["problem"])
        elif "status" in entry:
            status, final_status, covered = entry["status"], entry["left"], entry.get("covered")
        elif "limit" in entry:
            coverage = CoverageLimit(entry["limit"], entry["settings"])
        elif "rerun" in entry:
            rerun.add(entry["rerun"])
        else:
            result = result_of(entry)
            results[result.id] = result
            running = "" if running == result.id else running
    return ShardRecord(
        tuple(results.values()),
        running,
        problem,
        status,
        final_status,
        coverage,
        covered,
        frozenset(rerun),
    )


def shard_timings(
    project: str, workload: str, wall_seconds: float, results: Iterable[ItemResult]
) -> list[tuple[str, float, bool]]:
    """Return (history key, seconds, succeeded) of each test, and of the shard's start-up.

    The start-up is the time of the shard beyond its tests; without tests it is unknown.
    """
    timings = [
        (item_key(project, workload, result.id), result.seconds, result.succeeded)
        for result in results
    ]
    if timings:
        startup = max(0.0, wall_seconds - sum(seconds for _, seconds, _ in timings))
        timings.append((startup_key(project, workload), startup, True))
    return timings


def read_report(
    project: str,
    workload: str,
    step: Step,
    directory: Path,
    outcome: Outcome,
    *,
    secrets: Collection[str] = (),
) -> StepReport:
    """Return the report of the execution of ``step`` in ``directory``; empty if it has none.

    It has a cause where a test failed or did not run: a suite that ended early has not succeeded,
    whatever its exit code. The messages of its tests are redacted of ``secrets``.
    """
    if not step.report:
        return StepReport()
    record = read_record(directory / step.report)
    prefix = item_key(project, workload, "")
    selected = [key.removeprefix(prefix) for key in step.items]
    by_id = {result.id: result for result in _with_crash(record, selected, outcome)}
    results = tuple(
        replace(result, message=redact(result.message, secrets)) for result in by_id.values()
    )
    missing = tuple(test for test in selected if test not in by_id)
    timed = [result for result in record.results if result.id in set(selected)]
    timings = shard_timings(project, workload, outcome.seconds, timed)
    if missing:  # the time beyond its tests was not only its start-up
        timings = timings[:-1]
    if not results and not outcome.succeeded:  # it never started; else its last line is the cause
        return StepReport(cause=record.problem)
    cause = cause_of(results, () if record.problem else missing) or cause_beside(record, outcome)
    if record.problem:
        cause = f"{record.problem} {cause}".strip()
    return StepReport(results, tuple(timings), cause, missing)


def _with_crash(
    record: ShardRecord, selected: Sequence[str], outcome: Outcome
) -> Iterable[ItemResult]:
    """Yield the results, and one for the test during which the process ended."""
    yield from record.results
    if record.running and record.running in selected:
        yield ItemResult(record.running, 0.0, "error", f"it was running when {_end(outcome)}")


def _end(outcome: Outcome) -> str:
    if outcome.end is End.TIMED_OUT:
        return "the time limit of its shard was reached"
    reason = outcome.cause or f"exit code {outcome.exit_code}"
    return f"its process ended ({reason})"


def cause_of(results: Iterable[ItemResult], missing: Sequence[str]) -> str:
    """Return in one line why the shard has failed; empty if it has succeeded."""
    failed = [result for result in results if not result.succeeded]
    parts = []
    if failed:
        parts.append(f"{_tests(failed)} failed: {_listed([_named(result) for result in failed])}")
    if missing:
        parts.append(f"{_tests(missing)} did not run: {_listed(missing)}")
    return "; ".join(parts)


def cause_beside(record: ShardRecord, outcome: Outcome) -> str:
    """Return why a shard failed whose tests all succeeded; empty if that is unknown."""
    if outcome.end is not End.FAILED or record.status is None:
        return ""
    succeeded = f"its {_tests(record.results)} succeeded, and"
    if record.coverage and record.covered is not None and record.covered < record.coverage.percent:
        covered, required = f"{record.covered:.2f} %", f"{record.coverage.percent:g} %"
        return f"{succeeded} {covered} of the code is covered where the suite asks for {required} (fail_under)"
    if record.final_status != record.status:
        return (
            f"{succeeded} a conftest or plugin of the suite set pytest's exit status from "
            f"{record.status} to {record.final_status} (pytest_sessionfinish). Have it leave that alone "
            'where `config.getoption("--slipway-ids", None)` says that only a part was run.'
        )
    if record.status:
        return (
            f"{succeeded} pytest ended with exit code {record.status}: a conftest or plugin of the "
            "suite counts a failure of its own. Its output names it; leave it out of this workload."
        )
    return (
        f"{succeeded} after pytest was done its process ended otherwise "
        f"({outcome.cause or f'exit code {outcome.exit_code}'}): fix what the suite leaves to "
        "the end of the interpreter (atexit, threads, extensions in C)."
    )


def _tests(tests: Sequence[object]) -> str:
    return "1 test" if len(tests) == 1 else f"{len(tests)} tests"


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return f"{'; '.join(names[:_NAMED])}{more}"


def _named(result: ItemResult) -> str:
    first_line = result.message.splitlines()[0] if result.message else ""
    return f"{result.id} ({first_line[:160]})" if first_line else result.id
