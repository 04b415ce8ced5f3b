"""A suite's own limit of coverage: checked over all of its tests, or reported as unchecked."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from blocks.providers.interface import End, Outcome
from blocks.workload_spec import PytestWorkload
from tasks.split.collect import collect
from tasks.split.coverage import CoverageVerdict, judge_coverage
from tasks.split.suite import split_pytest
from tasks.split.verdicts import read_report

pytestmark = pytest.mark.integration

PYTHON = Path(sys.executable)
# Behaves as pytest-cov does, where that is not installed.
COV = """
import os, coverage, pytest
class Plugin:
    def __init__(self, options):
        self.options, self.cov_total = options, None
        self.covered = coverage.Coverage(source=["mod"])
        self.covered.start()
    @pytest.hookimpl(hookwrapper=True)
    def pytest_runtestloop(self, session):
        yield
        self.covered.stop()
        if self.options.collectonly: return
        self.covered.save()
        self.cov_total = self.covered.report(file=open(os.devnull, "w"))
        if self.options.cov_fail_under and self.cov_total < self.options.cov_fail_under:
            session.testsfailed += 1
def pytest_addoption(parser): parser.addoption("--cov-fail-under", type=float)
def pytest_configure(config): config.pluginmanager.register(Plugin(config.option), "_cov")
"""
MODULE = """
def first():
    return 1
def second():
    return 2
"""
BOTH = "import mod\ndef test_a(): assert mod.first()\ndef test_b(): assert mod.second()\n"
HALF = BOTH.replace("second", "first")


def write(source: Path, tests: str, options: str = "--cov-fail-under=100") -> Path:
    """Write a module, tests that cover it or half of it, and the limit."""
    source.mkdir()
    (source / "mod.py").write_text(MODULE)
    (source / "test_mod.py").write_text(tests)
    (source / "conftest.py").write_text(COV)
    (source / "pytest.ini").write_text(f"[pytest]\naddopts = {options}\n")
    return source


def run(source: Path, folder: Path, shards: int) -> tuple[list[Path], list[str]]:
    """Run a suite in so many shards; return their directories, and the cause of each."""
    spec = PytestWorkload(kind="pytest", shards=shards)
    tests = collect("w", spec, source, PYTHON, {})
    graph = split_pytest("p", "w", spec, tests, {}, lanes=[1.0] * 2, cwd=source, python=PYTHON)
    directories, causes = [], []
    for step in graph.steps:
        directory = folder / step.id
        directory.mkdir(parents=True)
        for name, content in step.files:
            (directory / name).write_text(content)
        argv = [part.replace("{directory}", str(directory)) for part in step.argv]
        done = subprocess.run(argv, cwd=source, capture_output=True, check=False)
        end = End.FAILED if done.returncode else End.SUCCEEDED
        outcome = Outcome(end=end, exit_code=done.returncode, started_at=0, ended_at=1)
        directories.append(directory)
        causes.append(read_report("p", "w", step, directory, outcome).cause)
    return directories, causes


def judged(source: Path, folder: Path, shards: int) -> tuple[list[str], CoverageVerdict]:
    """Run a suite; return the causes of its shards, and what is said of its coverage."""
    directories, causes = run(source, folder, shards)
    return causes, judge_coverage(directories, source, PYTHON, {}, folder / "union")


def test_a_suite_in_one_shard_is_judged_by_pytest(tmp_path: Path) -> None:
    """Broken: a limit of coverage that its user set is dropped without a word."""
    causes, verdict = judged(write(tmp_path / "half", HALF), tmp_path / "1", 1)
    cause = (
        "its 2 tests succeeded, and 75.00 % of the code is covered where the suite asks for 100 %"
    )
    assert causes == [f"{cause} (fail_under)"]
    assert verdict == CoverageVerdict()
    causes, _ = judged(write(tmp_path / "both", BOTH), tmp_path / "2", 1)
    assert causes == [""]


def test_over_several_shards_their_union_is_judged(tmp_path: Path) -> None:
    """Broken: each shard fails for what the others cover, or nobody notices what none covers."""
    causes, verdict = judged(write(tmp_path / "both", BOTH), tmp_path / "1", 2)
    assert causes == ["", ""]
    assert verdict == CoverageVerdict()
    causes, verdict = judged(write(tmp_path / "half", HALF), tmp_path / "2", 2)
    assert causes == ["", ""]
    assert verdict.failure == (
        "75 % of the code is covered by all 2 shards together, "
        "and the suite asks for 100 % (fail_under)"
    )


def test_what_cannot_be_judged_is_said_with_the_remedy(tmp_path: Path) -> None:
    """Broken: a run is green, and its user believes that the limit was reached."""
    source = write(tmp_path / "half", HALF)
    directories, _ = run(source, tmp_path / "out", 2)
    broken, lacking = directories
    (broken / "coverage").write_text("no data")
    verdict = judge_coverage(directories, source, PYTHON, {}, tmp_path / "union")
    assert verdict.remark.startswith("The suite's limit of coverage, 100 %, was not judged: ")
    assert verdict.remark.endswith("; `shards: 1` has pytest judge it.")
    (lacking / "coverage").unlink()
    verdict = judge_coverage(directories, source, PYTHON, {}, tmp_path / "union")
    assert "1 of 2 shards left no data of coverage" in verdict.remark


def test_a_suite_without_a_limit_is_not_judged(tmp_path: Path) -> None:
    """Broken: every suite is told of a limit that nobody asked for."""
    source = write(tmp_path / "half", HALF, options="-q")
    directories, _ = run(source, tmp_path / "out", 2)
    verdict = judge_coverage(directories, source, PYTHON, {}, tmp_path / "union")
    assert verdict == CoverageVerdict()
