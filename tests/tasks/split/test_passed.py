"""Tests of which tests need not be repeated."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from blocks.providers.interface import End
from tasks.split.passed import passed_tests
from tests.tasks.planning.fakes import graph_of, step
from tests.tasks.split.test_retries import attempt

GRAPH = graph_of(
    *(
        replace(step(name), items=tuple(f"{prefix}/{test}" for test in tests))
        for prefix in ("project/workload",)
        for name, tests in (("shard-1", "ab"), ("shard-2", "cd"), ("shard-3", "e"))
    )
)


def test_the_last_attempt_of_each_shard_counts(tmp_path: Path) -> None:
    """A test that failed would not be run again, or one that passed be repeated."""
    graph = replace(GRAPH, project="project", workload="workload")
    done = [
        attempt(tmp_path, "shard-1", 1, End.FAILED, a="passed", b="failed"),
        attempt(tmp_path, "shard-2", 1, End.FAILED, c="failed", d="failed"),
        attempt(tmp_path, "shard-2", 2, End.FAILED, c="passed"),
        attempt(tmp_path, "shard-3", 1, End.SUCCEEDED, e="skipped"),
    ]
    assert passed_tests(graph, done) == ["a", "c", "e"]


def test_a_shard_that_failed_beside_its_tests_is_run_again(tmp_path: Path) -> None:
    """A suite that fails at its end would be green after nothing was run."""
    graph = replace(GRAPH, project="project", workload="workload")
    done = [attempt(tmp_path, "shard-1", 1, End.FAILED, a="passed", b="passed")]
    assert passed_tests(graph, done) == []
