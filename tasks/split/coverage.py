"""Judges a suite's own limit of coverage over all of its shards, each of which has covered a part.

Each shard leaves its data of coverage in its folder; they are combined, and judged by the suite's
own `coverage`, under its own settings. A suite of one shard is judged by pytest itself.
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


@dataclass(frozen=True, slots=True)
class CoverageVerdict:
    """Why the limit is not reached, or why it was not judged; both empty where it is reached."""

    failure: str = ""
    remark: str = ""


def judge_coverage(
    shards: Sequence[Path],
    cwd: Path,
    python: Path,
    environment: Mapping[str, str],
    folder: Path,
    *,
    limit_seconds: float = _LIMIT_SECONDS,
) -> CoverageVerdict:
    """Judge the limit that the suite asks for, if it does, over what ``shards`` have covered.

    ``shards`` are the directories of their executions; ``folder`` is where data are combined.
    """
    limits = [limit for each in shards if (limit := read_record(each / REPORT).coverage)]
    if not limits or len(shards) == 1:
        return CoverageVerdict()
    limit = limits[0]
    data = [shard / COVERAGE for shard in shards]
    if missing := sum(not path.is_file() for path in data):
        return _unjudged(limit, f"{missing} of {len(data)} shards left no data of coverage")
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    settings = f"--rcfile={limit.settings}"
    coverage = [str(python), "-m", "coverage"]
    commands = (
        [*coverage, "combine", "--keep", settings, *map(str, data)],
        [*coverage, "report", "-i", settings, f"--fail-under={limit.percent:g}"],
    )
    seen = inherited(os.environ) | dict(environment) | {"COVERAGE_FILE": str(folder / COVERAGE)}
    for command in commands:
        done = run_bounded(
            command, seen, cwd=cwd, limit_seconds=limit_seconds, merged=True, cancelled=is_cancelled
        )
        said = done.output.decode(errors="replace").strip()
        if done.code == _BELOW and (total := _TOTAL.search(said)):
            covered = f"{total[1]} % of the code is covered by all {len(shards)} shards together"
            asked = f"the suite asks for {limit.percent:g} % (fail_under)"
            return CoverageVerdict(failure=f"{covered}, and {asked}")
        if left_out := _LEFT_OUT.search(said):  # and it goes on with the others
            return _unjudged(limit, left_out[0])
        if done.code:
            return _unjudged(limit, said.rpartition("\n")[2] or "coverage did not end in time")
    return CoverageVerdict()


def _unjudged(limit: CoverageLimit, why: str) -> CoverageVerdict:
    asked = f"The suite's limit of coverage, {limit.percent:g} %, was not judged"
    return CoverageVerdict(remark=f"{asked}: {why}; {_ONE_SHARD}.")
