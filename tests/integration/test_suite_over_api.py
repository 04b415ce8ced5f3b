"""Tests of a pytest suite as a flow run: sharded, complete, learnt from, and able to fail."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from stack.api import Json
from stack.flow_run import FlowRun
from tasks.split.verdicts import read_record
from tests.integration.conftest import Stack
from tests.integration.observation import artifacts

pytestmark = [pytest.mark.integration, pytest.mark.prefect]

NAME = "suite"
SUITE = """
import os, time
import pytest

@pytest.mark.parametrize("text", ["a::b", "<&>", "two words", "[x]"])
def test_odd_names(text):
    time.sleep(0.05)

class TestGroup:
    @pytest.mark.parametrize("number", range(5))
    def test_number(self, number):
        time.sleep(0.05)

def test_fragile():
    assert os.environ.get("SUITE_BROKEN") is None, "injected"

@pytest.mark.skip(reason="not here")
def test_skipped():
    pass
"""
FRAGILE = "tests/unit/test_all.py::test_fragile"


@pytest.fixture(scope="module")
def source(stack: Stack) -> Path:
    """Configure a project with a suite, and a workload in which one of its tests fails."""
    source = stack.folder / NAME
    tests = source / "tests" / "unit"
    tests.mkdir(parents=True)
    (tests / "test_all.py").write_text(SUITE)
    (source / "tests" / "test_more.py").write_text("def test_more():\n    pass\n")
    suite = {"kind": "pytest", "shards": 2}
    workloads = {"green": suite, "red": {**suite, "variables": {"SUITE_BROKEN": "1"}}}
    project = {
        "source": str(source),
        "kind": "python",
        "requirements": ["pytest>=8"],
        "workloads": workloads,
    }
    provider = {"kind": "shell", "cpus": 2, "slots": 2, "memory_mib": 1024}
    stack.configure(
        NAME,
        {
            "projects": {NAME: project},
            "environments": {NAME: {}},
            "providers": {NAME: provider},
        },
    )
    return source


def asked(workload: str) -> Json:
    """Return the parameters of `run` for a workload."""
    return {"project": NAME, "environment": NAME, "workload": workload, "providers": [NAME]}


@pytest.fixture(scope="module")
def runs(stack: Stack, source: Path) -> tuple[FlowRun, FlowRun]:
    """Run the same workload twice."""
    return stack.done("run", **asked("green")), stack.done("run", **asked("green"))


def collected(source: Path) -> list[str]:
    """Return the ids that pytest itself collects."""
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q", "--rootdir", ".", "tests"]
    listed = subprocess.run(command, cwd=source, capture_output=True, text=True, check=True)
    return sorted(line for line in listed.stdout.splitlines() if "::" in line)


def reported(lines: list[str]) -> Mapping[str, list[str]]:
    """Return the ids in the record of each shard, whose folder its log line names."""
    tests_of_shard = {}
    for line in lines:
        if shard := re.match(r"(shard-\d+) .*; its log: (.+)$", line):
            record = read_record(Path(shard[2]).with_name("results.jsonl"))
            tests_of_shard[shard[1]] = [result.id for result in record.results]
    return tests_of_shard


def test_the_shards_run_each_test_once_and_none_is_missing(
    stack: Stack, source: Path, runs: tuple[FlowRun, FlowRun]
) -> None:
    """A green run would mean nothing: a test was not run, or run twice."""
    for run in runs:
        shards = reported(stack.log_lines(run))
        assert len(shards) == 2
        assert all(shards.values())
        assert sorted(test for shard in shards.values() for test in shard) == collected(source)


def test_the_second_run_uses_what_the_first_took(
    stack: Stack, source: Path, runs: tuple[FlowRun, FlowRun]
) -> None:
    """Plans would stay guesses for ever, and nobody see how good they are."""
    first, second = runs
    count = len(collected(source))
    before, after = (artifacts(stack, run.id)["split"]["data"] for run in runs)
    assert "no timings yet" in before
    assert f"{count} of {count} tests have timings" in after
    sentence = r"Estimates \({}\) were off by \d[^;]* a step[^;]*; planned [\d.]+ s, took [\d.]+ s;"
    assert any(
        re.match(sentence.format("default, as there is no history yet"), line)
        for line in stack.log_lines(first)
    )
    assert any(re.match(sentence.format("history"), line) for line in stack.log_lines(second))
    assert "Estimates (history)" in artifacts(stack, second.id)["workload"]["data"]


def test_a_failing_test_fails_the_flow_run_and_is_named(stack: Stack, source: Path) -> None:
    """A red suite would pass, or nobody learn which test it was."""
    run = stack.run("run", **asked("red"))
    assert run.state_type == "FAILED"
    assert FRAGILE in run.message
    summary = artifacts(stack, run.id)["workload"]["data"]
    assert f"- `{FRAGILE}`: " in summary
    assert "injected" in summary
