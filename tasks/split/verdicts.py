"""Reads what a shard left behind: what became of each of its tests, and what that teaches.

The shard wrote a line of JSON as each test started and when it had ended, so that what is here is
true also where its process was killed.
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
    """How much of the code a suite asks to be covered, by which settings of coverage."""

    percent: float
    settings: str


@dataclass(frozen=True, slots=True)
class ShardRecord:
    """What a shard wrote: results in order, and the test that began and never ended.

    ``problem`` is why it could not begin, or not run all. ``status`` is how pytest itself ended,
    ``left`` what a conftest or plugin made of that; None where it did not come to its end.
    ``coverage`` is the limit that the suite asks for, ``covered`` what pytest-cov has measured, in
    percent. ``rerun`` are tests that a plugin has tried again.
    """

    results: tuple[ItemResult, ...] = ()
    running: str = ""
    problem: str = ""
    status: int | None = None
    left: int | None = None
    coverage: CoverageLimit | None = None
    covered: float | None = None
    rerun: frozenset[str] = frozenset()


def read_record(path: Path) -> ShardRecord:
    """Return what stands at ``path``: nothing where there is no file; of a test the last result."""
    try:
        return _record(entries(path))
    except (FileNotFoundError, NotADirectoryError):
        return ShardRecord()
    except IrregularFileError as error:
        remedy = "A test has put it there: leave that path to Slipway."
        return ShardRecord(problem=f"what became of its tests is not known: {error}. {remedy}")


def _record(written: Iterable[dict[str, Any]]) -> ShardRecord:
    """Return what was ``written``."""
    results: dict[str, ItemResult] = {}
    running = problem = ""
    status = left = coverage = covered = None
    rerun: set[str] = set()
    for entry in written:
        if "started" in entry:
            running = str(entry["started"])
        elif "problem" in entry:
            problem = str(entry["problem"])
        elif "status" in entry:
            status, left, covered = entry["status"], entry["left"], entry.get("covered")
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
        left,
        coverage,
        covered,
        frozenset(rerun),
    )


def shard_timings(
    project: str, workload: str, wall_seconds: float, results: Iterable[ItemResult]
) -> list[tuple[str, float, bool]]:
    """Return (history key, seconds, succeeded) of each test, and of the shard's start-up.

    The start-up is what the shard took beyond its tests; without tests nothing is known of it.
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
    """Return what the execution of ``step`` in ``directory`` left; empty where it leaves nothing.

    It has a cause where a test failed, or did not run: a suite that is ended early has not
    succeeded, whatever its exit code. The messages of its tests are without ``secrets``.
    """
    if not step.report:
        return StepReport()
    record = read_record(directory / step.report)
    prefix = item_key(project, workload, "")
    wanted = [key.removeprefix(prefix) for key in step.items]
    by_id = {result.id: result for result in _with_crash(record, wanted, outcome)}
    results = tuple(
        replace(result, message=redact(result.message, secrets)) for result in by_id.values()
    )
    missing = tuple(test for test in wanted if test not in by_id)
    timed = [result for result in record.results if result.id in set(wanted)]
    timings = shard_timings(project, workload, outcome.seconds, timed)
    if missing:  # what it took beyond its tests was not its start-up alone
        timings = timings[:-1]
    if not results and not outcome.succeeded:  # it never began; else its last line says why
        return StepReport(cause=record.problem)
    cause = cause_of(results, () if record.problem else missing) or cause_beside(record, outcome)
    if record.problem:
        cause = f"{record.problem} {cause}".strip()
    return StepReport(results, tuple(timings), cause, missing)


def _with_crash(
    record: ShardRecord, wanted: Sequence[str], outcome: Outcome
) -> Iterable[ItemResult]:
    """Give the results, and one for the test with which the process ended."""
    yield from record.results
    if record.running and record.running in wanted:
        yield ItemResult(record.running, 0.0, "error", f"it was running when {_end(outcome)}")


def _end(outcome: Outcome) -> str:
    if outcome.end is End.TIMED_OUT:
        return "the time limit of its shard was reached"
    why = outcome.cause or f"exit code {outcome.exit_code}"
    return f"its process ended ({why})"


def cause_of(results: Iterable[ItemResult], missing: Sequence[str]) -> str:
    """Return in one line why the shard has not succeeded; empty where it has."""
    failed = [result for result in results if not result.succeeded]
    parts = []
    if failed:
        parts.append(f"{_tests(failed)} failed: {_listed([_named(each) for each in failed])}")
    if missing:
        parts.append(f"{_tests(missing)} did not run: {_listed(missing)}")
    return "; ".join(parts)


def cause_beside(record: ShardRecord, outcome: Outcome) -> str:
    """Return why a shard failed whose tests all succeeded; empty where nobody can say."""
    if outcome.end is not End.FAILED or record.status is None:
        return ""
    said = f"its {_tests(record.results)} succeeded, and"
    if record.coverage and record.covered is not None and record.covered < record.coverage.percent:
        covered, asked = f"{record.covered:.2f} %", f"{record.coverage.percent:g} %"
        return (
            f"{said} {covered} of the code is covered where the suite asks for {asked} (fail_under)"
        )
    if record.left != record.status:
        return (
            f"{said} a conftest or plugin of the suite set pytest's exit status from "
            f"{record.status} to {record.left} (pytest_sessionfinish). Have it leave that alone "
            'where `config.getoption("--slipway-ids", None)` says that only a part was run.'
        )
    if record.status:
        return (
            f"{said} pytest ended with exit code {record.status}: a conftest or plugin of the "
            "suite counts a failure of its own. Its output names it; leave it out of this workload."
        )
    return (
        f"{said} after pytest was done its process ended otherwise "
        f"({outcome.cause or f'exit code {outcome.exit_code}'}): mend what the suite leaves to "
        "the end of the interpreter (atexit, threads, extensions in C)."
    )


def _tests(some: Sequence[object]) -> str:
    return "1 test" if len(some) == 1 else f"{len(some)} tests"


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return f"{'; '.join(names[:_NAMED])}{more}"


def _named(result: ItemResult) -> str:
    first_line = result.message.splitlines()[0] if result.message else ""
    return f"{result.id} ({first_line[:160]})" if first_line else result.id
