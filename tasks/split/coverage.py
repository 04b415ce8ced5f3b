"""The check of a suite's own limit of coverage over all of its shards together.

Each shard leaves its coverage data in its folder; they are combined, and checked by the suite's
own `coverage`, with its own settings. A suite of one shard is checked by pytest itself.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from blocks.providers.process.bounded import run_bounded
from blocks.providers.process.inherited import inherited
from tasks.cancellation import is_cancelled
from tasks.split.suite import COVERAGE, REPORT
from tasks.split.verdicts import CoverageLimit, read_record

_TOTAL = re.compile(r"total of (\S+) is less than")
_LEFT_OUT = re.compile(r"Couldn't (?:use|combine).*$", re.MULTILINE)
_BELOW = 2
_LIMIT_SECONDS = 300.0
_ONE_SHARD = "`shards: 1` has pytest judge it"
_ALL_TESTS = "`only: all` has it judged"


@dataclass(frozen=True, slots=True)
class CoverageVerdict:
    """The reason why the limit is not reached or was not checked; both empty if it is reached."""

    failure: str = ""
    remark: str = ""


def unjudged(shards: Sequence[Path], left_out: int) -> CoverageVerdict:
    """Return that a limit, if there is one, was not judged: ``left_out`` tests were not run."""
    limits = [limit for shard in shards if (limit := read_record(shard / REPORT).coverage)]
    if not limits:
        return CoverageVerdict()
    reason = f"tests that are not repeated: {left_out}"
    return _unchecked(limits[0], reason, _ALL_TESTS)


def judge_coverage(
    shards: Sequence[Path],
    cwd: Path,
    python: Path,
    environment: Mapping[str, str],
    folder: Path,
    *,
    limit_seconds: float = _LIMIT_SECONDS,
) -> CoverageVerdict:
    """Check the limit of the suite, if it has one, over the combined coverage of ``shards``.

    ``shards`` are the directories of their executions; ``folder`` is where data are combined.
    """
    limits = [limit for shard in shards if (limit := read_record(shard / REPORT).coverage)]
    if not limits or len(shards) == 1:
        return CoverageVerdict()
    limit = limits[0]
    data = [shard / COVERAGE for shard in shards]
    if missing := sum(not path.is_file() for path in data):
        return _unchecked(limit, f"{missing} of {len(data)} shards left no data of coverage")
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    settings = f"--rcfile={limit.settings}"
    coverage = [str(python), "-m", "coverage"]
    commands = (
        [*coverage, "combine", "--keep", settings, *map(str, data)],
        [*coverage, "report", "-i", settings, f"--fail-under={limit.percent:g}"],
    )
    full_environment = (
        inherited(os.environ) | dict(environment) | {"COVERAGE_FILE": str(folder / COVERAGE)}
    )
    for command in commands:
        finished = run_bounded(
            command,
            full_environment,
            cwd=cwd,
            limit_seconds=limit_seconds,
            merged=True,
            cancelled=is_cancelled,
        )
        output = finished.output.decode(errors="replace").strip()
        if finished.code == _BELOW and (total := _TOTAL.search(output)):
            covered = f"{total[1]} % of the code is covered by all {len(shards)} shards together"
            required = f"the suite asks for {limit.percent:g} % (fail_under)"
            return CoverageVerdict(failure=f"{covered}, and {required}")
        if left_out := _LEFT_OUT.search(output):  # coverage goes on with the others
            return _unchecked(limit, left_out[0])
        if finished.code:
            return _unchecked(limit, output.rpartition("\n")[2] or "coverage did not end in time")
    return CoverageVerdict()


def _unchecked(limit: CoverageLimit, reason: str, remedy: str = _ONE_SHARD) -> CoverageVerdict:
    not_judged = f"The suite's limit of coverage, {limit.percent:g} %, was not judged"
    return CoverageVerdict(remark=f"{not_judged}: {reason}; {remedy}.")
