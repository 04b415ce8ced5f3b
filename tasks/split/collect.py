"""The collection of a suite's test ids by the release's own pytest."""

from __future__ import annotations

import json
import os
import re
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from itertools import takewhile
from pathlib import Path

from blocks.providers.process.bounded import Finished, run_bounded
from blocks.providers.process.inherited import inherited
from blocks.redaction import without_evident_secrets
from blocks.workload_spec import PytestWorkload
from tasks.cancellation import is_cancelled
from tasks.errors import BadInputError
from tasks.narration import doing
from tasks.regular_file import read_regular
from tasks.split.suite import PLUGIN, CollectedTest, plugin_source, pytest_arguments

_LAST_LINES = 12
_MAX_BYTES = 256 * 1024 * 1024
_REASON = re.compile(r"^E  |^(ERROR|FAILED)\b|Error: |^_{3,} ERROR ")
_HEADING = re.compile(r"^_{3,} ERROR ")
_USAGE = "ERROR: "
_RULE = re.compile(r"^([=_-])\1{2}")
_BROKEN = "INTERNALERROR>"
_NO_PYTEST = 70
_NO_TESTS = 5


def collect(
    workload: str,
    spec: PytestWorkload,
    cwd: Path,
    python: Path,
    environment: Mapping[str, str],
    *,
    timeout_seconds: float = 300.0,
) -> tuple[CollectedTest, ...]:
    """Return all tests below ``cwd`` that ``spec`` selects, each once, in run order.

    Raises:
        BadInputError: pytest is missing in the release, cannot collect, takes longer than
            ``timeout_seconds``, or finds no test.
    """
    field = f"workloads.{workload}"
    _refuse_missing_paths(field, spec, cwd)
    with tempfile.TemporaryDirectory(prefix="slipway-collect-") as folder:
        ids = Path(folder) / "ids.json"
        (Path(folder) / PLUGIN).write_text(plugin_source(), encoding="utf-8")
        with doing(f"collecting the tests of {workload}"):
            finished = _run(field, _argv(spec, cwd, python, ids), cwd, environment, timeout_seconds)
        # The status of pytest itself: a conftest may set another exit status afterwards.
        collected = json.loads(read_regular(ids, _MAX_BYTES)) if ids.exists() else {}
        status, tests = collected.get("status", finished.code), collected.get("tests", [])
        _refuse_failure(field, spec, finished, status, collected=bool(tests))
        return tuple(CollectedTest(test, *belongs) for test, belongs in tests)


def _argv(spec: PytestWorkload, cwd: Path, python: Path, ids: Path) -> list[str]:
    return [
        str(python),
        str(ids.with_name(PLUGIN)),
        "--collect-only",
        "-q",
        f"--slipway-collect={ids}",
        "-o",
        f"cache_dir={ids.with_name('cache')}",
        *pytest_arguments(spec, cwd),
    ]


def _run(
    field: str,
    argv: list[str],
    cwd: Path,
    environment: Mapping[str, str],
    timeout_seconds: float,
) -> Finished:
    try:
        finished = run_bounded(
            argv,
            # The same environment as a shard's, so that both find the same tests.
            inherited(os.environ) | dict(environment),
            cwd=cwd,
            limit_seconds=timeout_seconds,
            merged=True,
            cancelled=is_cancelled,
        )
    except FileNotFoundError as error:
        raise BadInputError(
            f"{field}.kind", argv[0], "the release has no such interpreter", "Launch it first"
        ) from error
    if not finished.by_itself:
        problem = f"pytest did not finish collecting in {timeout_seconds:g} s"
        raise BadInputError(
            f"{field}.paths", argv[-1], problem, "See what its modules do when imported"
        )
    return finished


def _refuse_missing_paths(field: str, spec: PytestWorkload, cwd: Path) -> None:
    for path in spec.paths:
        if not (cwd / path.split("::")[0]).exists():
            raise BadInputError(
                f"{field}.paths", path, "no such file or folder below the source", "Correct it"
            )


def _refuse_failure(
    field: str,
    spec: PytestWorkload,
    finished: Finished,
    status: int,
    *,
    collected: bool,
) -> None:
    if status == _NO_PYTEST:
        raise BadInputError(
            f"{field}.kind",
            spec.kind,
            "pytest is not installed in the release",
            "Add `pytest` to the project's `requirements`, and load them by `configure`; or to a "
            "dependency group, an extra or the requirements-dev.txt of its source",
        )
    if status == _NO_TESTS:
        raise BadInputError(
            f"{field}.paths", spec.paths, "pytest finds no test there", "Name where they are"
        )
    if status or not collected:
        reason = reason_of(without_evident_secrets(finished.output.decode(errors="replace")))
        if status == 0 or not reason.strip():
            raise BadInputError(
                f"{field}.paths",
                spec.paths,
                f"pytest cannot collect: it ended with exit code {status} and without a result\n{reason}",
                "See which of them ends the process when it is imported, e.g. by `os._exit`",
            )
        raise BadInputError(
            f"{field}.paths",
            spec.paths,
            f"pytest cannot collect (exit code {status}):\n{reason}\n",
            "Fix what it reports",
        )


def reason_of(output: str) -> str:
    """Return the lines in which pytest names the reason; its last lines where none does.

    The very last lines are only a count and an advice.
    """
    lines = output.strip().splitlines()
    telling = list(dict.fromkeys(_reason_lines(lines)))
    broken = [line for line in lines if line.startswith(_BROKEN)]
    return "\n".join(broken[-_LAST_LINES:] or telling[:_LAST_LINES] or lines[-_LAST_LINES:])


def _reason_lines(lines: Sequence[str]) -> Iterator[str]:
    """Yield the lines with the reason, and the lines that complete one of them.

    Below the heading of a module without a traceback, the text itself is the reason.
    """
    for index, line in enumerate(lines):
        if not _REASON.search(line):
            continue
        yield line
        following = list(
            takewhile(lambda next_line: not _RULE.match(next_line), lines[index + 1 :])
        )
        if line.startswith(_USAGE):
            yield from takewhile(str.strip, following)
        elif _HEADING.match(line) and not any(map(_REASON.search, following)):
            yield from following
