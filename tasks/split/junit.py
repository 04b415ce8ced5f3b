"""Reads what a shard left behind: its JUnit report, by exact test id, and what that teaches."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Literal
from xml.etree import ElementTree as ET

from blocks.providers.interface import Outcome
from blocks.redaction import redact
from tasks.errors import SlipwayError
from tasks.split.suite import item_key, startup_key
from tasks.workload import ItemResult, Step, StepReport

# The property under which slipway_pytest.py, which is not imported here, names each test.
_PROPERTY = "slipway_id"
_Verdict = Literal["passed", "skipped", "failed", "error"]
_VERDICTS: dict[str, _Verdict] = {"skipped": "skipped", "failure": "failed", "error": "error"}
_SEVERITY: dict[_Verdict, int] = {"passed": 0, "skipped": 1, "failed": 2, "error": 3}
_NAMED = 5


def read_junit(path: Path) -> tuple[ItemResult, ...]:
    """Return one result a test, by its exact id; nothing where there is no report.

    A test that pytest reports twice (its call failed, and its teardown as well) counts once, as
    the worse of the two. What failed before it was a test (an import) is reported by its name.

    Raises:
        SlipwayError: the file is no XML.
    """
    if not path.exists():
        return ()
    try:
        # The report is written by code that this machine has just executed.
        root = ET.parse(path).getroot()  # noqa: S314
    except ET.ParseError as error:
        raise SlipwayError(f"{path.name} is no JUnit report: {error}") from error
    cases = list(root.iter("testcase"))
    # Of a test that fails twice, pytest up to 7.0 names only the second case by the property.
    names = {_names(case): test_id for case in cases if (test_id := _property(case))}
    results: dict[str, ItemResult] = {}
    for case in cases:
        result = _result(case, names.get(_names(case)))
        results[result.id] = _worse(results.get(result.id, result), result)
    return tuple(results.values())


def _result(case: ET.Element, same_name: str | None) -> ItemResult:
    verdict: _Verdict = "passed"
    message = ""
    for child in case:
        if child.tag in _VERDICTS:
            verdict, message = _VERDICTS[child.tag], child.get("message") or child.text or ""
    test_id = _property(case) or same_name or " ".join(filter(None, _names(case))) or "unnamed"
    return ItemResult(test_id, float(case.get("time") or 0), verdict, message.strip())


def _property(case: ET.Element) -> str:
    for item in case.iterfind("properties/property"):
        if item.get("name") == _PROPERTY:
            return str(json.loads(item.get("value") or '""'))
    return ""


def _names(case: ET.Element) -> tuple[str, str]:
    return case.get("classname") or "", case.get("name") or ""


def _worse(one: ItemResult, other: ItemResult) -> ItemResult:
    worse = max(one, other, key=lambda result: _SEVERITY[result.outcome])
    return ItemResult(worse.id, max(one.seconds, other.seconds), worse.outcome, worse.message)


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

    The messages of its tests are without ``secrets``.

    Raises:
        SlipwayError: the report is unreadable.
    """
    if not step.report:
        return StepReport()
    results = tuple(
        replace(result, message=redact(result.message, secrets))
        for result in read_junit(directory / step.report)
    )
    known = set(step.items)
    of_this_step = [r for r in results if item_key(project, workload, r.id) in known]
    timings = shard_timings(project, workload, outcome.seconds, of_this_step)
    return StepReport(results, tuple(timings), _cause(results))


def _cause(results: Iterable[ItemResult]) -> str:
    failed = [result for result in results if not result.succeeded]
    if not failed:
        return ""
    names = [_named(result) for result in failed[:_NAMED]]
    more = f" and {len(failed) - _NAMED} more" if len(failed) > _NAMED else ""
    count = "1 test" if len(failed) == 1 else f"{len(failed)} tests"
    return f"{count} failed: {'; '.join(names)}{more}"


def _named(result: ItemResult) -> str:
    first_line = result.message.splitlines()[0] if result.message else ""
    return f"{result.id} ({first_line[:160]})" if first_line else result.id
