"""Tests of the assessment of a workload as a whole."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path

import coverage
import pytest

from blocks.providers.interface import End, Outcome, Resources
from flows.workload.assessment import appraised
from flows.workload.job import WorkloadFailedError
from tasks.ledger.executions import Execution
from tasks.observe.summary import StepLine, WorkloadSummary, workload_markdown
from tasks.workload import SplitDecision, Step, StepGraph


def execution(folder: Path, shard: str, attempt: int, end: End, *lines: object) -> Execution:
    """One attempt of a shard, which wrote ``lines``."""
    directory = folder / shard / str(attempt)
    directory.mkdir(parents=True)
    (directory / "results.jsonl").write_text("\n".join(map(json.dumps, lines)))
    at = (directory, float(attempt), Resources())
    outcome = Outcome(end=end, started_at=0, ended_at=1)
    return Execution("w", shard, attempt, 1, "local", "shell", f"k/{shard}", *at, outcome)


def result(test: str, outcome: str) -> dict[str, object]:
    """What a shard writes of one test."""
    return {"id": test, "seconds": 1.0, "outcome": outcome}


def of(folder: Path, *done: Execution, left_out: int = 0) -> WorkloadSummary:
    """Appraise a suite of two tests in two shards, of which so many more are not repeated."""
    argv = (sys.executable, "slipway_pytest.py")
    steps = tuple(Step(f"shard-{n}", argv, folder, "k", items=(f"t{n}",)) for n in (1, 2))
    graph = StepGraph("p", "tests", steps, SplitDecision(2, "", left_out=left_out))
    lines = tuple(StepLine(step.id, "local", 1, 1, "succeeded") for step in steps)
    summary = WorkloadSummary("tests", "", lines, 1, 1, 1, "default", tests=2)
    return asyncio.run(appraised(summary, graph, done, folder / "steps"))


def test_a_limit_that_nobody_could_judge_and_a_retry_are_said(tmp_path: Path) -> None:
    """Broken: a run is `Completed` without a word, though its limit of coverage was dropped."""
    limit = {"limit": 100.0, "settings": ".coveragerc"}
    summary = of(
        tmp_path,
        execution(tmp_path, "shard-1", 1, End.FAILED, result("t1", "failed")),
        execution(tmp_path, "shard-2", 1, End.SUCCEEDED, limit, result("t2", "passed")),
        execution(tmp_path, "shard-1", 2, End.SUCCEEDED, limit, result("t1", "passed")),
    )
    assert summary.succeeded
    lacking = "2 of 2 shards left no data of coverage"
    remedy = "`shards: 1` has pytest judge it"
    assert summary.remarks == (
        "1 of 2 tests passed only on retry: t1.",
        f"The suite's limit of coverage, 100 %, was not judged: {lacking}; {remedy}.",
    )
    assert all(f"- {remark}" in workload_markdown(summary) for remark in summary.remarks)


@pytest.mark.slow
def test_a_limit_that_all_shards_together_do_not_reach_fails(tmp_path: Path) -> None:
    """Broken: a suite that covers half of what it has to is green."""
    limit = {"limit": 100.0, "settings": ".coveragerc"}
    (tmp_path / "mod.py").write_text("def first():\n    return 1\n")
    shards = [
        execution(tmp_path, f"shard-{n}", 1, End.SUCCEEDED, limit, result(f"t{n}", "passed"))
        for n in (1, 2)
    ]
    for shard in shards:
        measure(tmp_path, shard.directory / "coverage")
    summary = of(tmp_path, *shards)
    assert not summary.succeeded
    assert str(WorkloadFailedError(summary)) == (
        "tests failed: coverage: 50 % of the code is covered by all 2 shards together, "
        "and the suite asks for 100 % (fail_under)"
    )


def measure(source: Path, data: Path) -> None:
    """Write what importing `mod` covers."""
    covered = coverage.CoverageData(str(data))
    covered.add_lines({str(source / "mod.py"): [1]})
    covered.write()


def test_a_suite_of_which_everything_was_skipped_says_so(tmp_path: Path) -> None:
    """Broken: a run is `Completed` without a word, though nothing was tested."""
    shards = [
        execution(tmp_path, f"shard-{n}", 1, End.SUCCEEDED, result(f"t{n}", "skipped"))
        for n in (1, 2)
    ]
    summary = of(tmp_path, *shards)
    assert summary.succeeded
    assert summary.remarks == ("Tests: 0 passed, 2 skipped: nothing was tested.",)


def test_a_part_of_a_suite_is_not_judged_by_the_limit_of_the_whole(tmp_path: Path) -> None:
    """Broken: what failed cannot be repeated, as a few tests cover little; or nobody learns it."""
    limit = {"limit": 100.0, "settings": ".coveragerc"}
    done = execution(tmp_path, "shard-1", 1, End.SUCCEEDED, limit, result("t1", "passed"))
    summary = of(tmp_path, done, left_out=9)
    reason = "tests that are not repeated: 9; `only: all` has it judged"
    assert summary.succeeded
    assert summary.remarks == (f"The suite's limit of coverage, 100 %, was not judged: {reason}.",)
