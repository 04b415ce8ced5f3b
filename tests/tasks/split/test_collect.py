"""Real pytest on a generated suite: the collected tests are those of the shards, each once."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import venv
from pathlib import Path

import psutil
import pytest

from blocks.workload_spec import PytestWorkload
from tasks.cancellation import in_thread
from tasks.errors import BadInputError
from tasks.split.collect import collect
from tasks.split.suite import CollectedTest, split_pytest
from tasks.split.verdicts import read_record
from tasks.workload import ItemResult, Step

pytestmark = pytest.mark.integration

PYTHON = Path(sys.executable)
SPEC = PytestWorkload(kind="pytest", shards=3)
ODD = r"""
import pytest

@pytest.mark.parametrize("x", ["a b", "<&>", "x::y", "a/b", "[z]", "ü", "\x00", "\n", "'\"", "", "\\"])
def test_odd(x): pass

@pytest.mark.parametrize("x", [1, 1, None, "dup", "dup"])
def test_same(x): pass

class TestOuter:
    def test_plain(self): pass
    class TestInner:
        @pytest.mark.parametrize("y", ["p-q", "p.q"])
        def test_deep(self, y): pass
"""
VERDICTS = """
import pytest

def test_good(): pass
def test_bad(): assert 1 == 2, "one is not two"
@pytest.mark.skip(reason="later")
def test_skipped(): pass
@pytest.fixture
def broken(): raise RuntimeError("no fixture")
def test_error(broken): pass
@pytest.fixture
def leaves():
    yield
    raise RuntimeError("teardown")
def test_twice(leaves): assert False
@pytest.mark.xfail
def test_expected(): assert False
"""


@pytest.fixture
def suite(tmp_path: Path) -> Path:
    """A project with odd ids, packages, dotted folders and every verdict."""
    tests = tmp_path / "src" / "tests"
    for path, text in {
        "test_odd.py": ODD,
        "pkg/__init__.py": "",
        "pkg/sub.one/test_verdicts.py": VERDICTS,
        "pkg/test_helped.py": "from helper import VALUE\ndef test_helped(): assert VALUE == 1\n",
        "test_configured.py": "def check_named_by_the_configuration(): pass\n",
        "conftest.py": "def pytest_collection_modifyitems(items): items.reverse()\n",
    }.items():
        file = tests / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    (tmp_path / "src" / "helper.py").write_text("VALUE = 1\n")
    configuration = "[pytest]\npython_functions = test_* check_*\naddopts = --strict-markers\n"
    (tmp_path / "src" / "pytest.ini").write_text(configuration)
    return tmp_path / "src"


def run_shard(step: Step, directory: Path) -> subprocess.CompletedProcess[str]:
    """Run a shard as a provider does: its files beside it, `{directory}` filled in."""
    directory.mkdir()
    for name, content in step.files:
        (directory / name).write_text(content)
    argv = [part.replace("{directory}", str(directory)) for part in step.argv]
    return subprocess.run(argv, cwd=step.cwd, capture_output=True, text=True, check=False)


def run_all(suite: Path, tests: tuple[CollectedTest, ...], folder: Path) -> list[ItemResult]:
    """Run all shards and return what they report."""
    graph = split_pytest(
        "p", "w", SPEC, tests, {}, lanes=[1.0] * 3, cwd=suite, python=PYTHON, environment={}
    )
    results: list[ItemResult] = []
    for step in graph.steps:
        done = run_shard(step, folder / step.id)
        assert done.returncode in {0, 1}, done.stdout + done.stderr
        results.extend(read_record(folder / step.id / "results.jsonl").results)
    return results


def test_shards_report_exactly_what_was_collected_each_once(suite: Path, tmp_path: Path) -> None:
    """A test would silently not run, or run twice."""
    tests = collect("w", SPEC, suite, PYTHON, {})
    ids = [test.id for test in tests]
    assert len(ids) == len(set(ids)) == 11 + 5 + 3 + 6 + 1 + 1
    results = run_all(suite, tests, tmp_path)
    assert sorted(result.id for result in results) == sorted(ids)
    bad = {result.id.split("::")[-1]: result for result in results if not result.succeeded}
    assert sorted(bad) == ["test_bad", "test_error", "test_twice"]
    assert "one is not two" in bad["test_bad"].message


def test_collection_agrees_with_plain_pytest(suite: Path) -> None:
    """Our plugin would change what pytest itself collects."""
    plain = subprocess.run(
        [sys.executable, "-m", "pytest", "--collect-only", "-q", "--rootdir", ".", "tests"],
        cwd=suite,
        capture_output=True,
        text=True,
        check=False,
    )
    listed = [line for line in plain.stdout.splitlines() if "::" in line]
    assert listed == [test.id for test in collect("w", SPEC, suite, PYTHON, {})]


def test_arguments_select_and_paths_narrow(suite: Path) -> None:
    """`-k` in the workload would be ignored."""
    spec = PytestWorkload(kind="pytest", paths=["tests/test_odd.py"], arguments=["-k", "deep"])
    assert len(collect("w", spec, suite, PYTHON, {})) == 2


def test_a_suite_that_cannot_be_imported_says_so_in_pytests_words(suite: Path) -> None:
    """The user would learn that something failed, and not what."""
    (suite / "tests" / "test_broken.py").write_text("import no_such_module\n")
    with pytest.raises(BadInputError, match="No module named 'no_such_module'"):
        collect("w", SPEC, suite, PYTHON, {})


def test_a_suite_that_ends_its_process_says_so(suite: Path) -> None:
    """Broken: somebody is to mend what it complains of, and it complains of nothing."""
    (suite / "tests" / "test_ends.py").write_text("import os; os._exit(0)")
    with pytest.raises(BadInputError, match="with exit code 0 and without a result"):
        collect("w", SPEC, suite, PYTHON, {})


def test_a_suite_without_tests_and_a_path_that_is_not_there_are_refused(suite: Path) -> None:
    """A typo in `paths` would pass as a green, empty suite."""
    with pytest.raises(BadInputError, match="no such file or folder"):
        collect("w", PytestWorkload(kind="pytest", paths=["test"]), suite, PYTHON, {})
    with pytest.raises(BadInputError, match="finds no test"):
        collect("w", PytestWorkload(kind="pytest", paths=["helper.py"]), suite, PYTHON, {})


def test_a_release_without_pytest_is_told_what_to_add(suite: Path, tmp_path: Path) -> None:
    """The user would read an ImportError."""
    venv.create(tmp_path / "bare", with_pip=False)
    with pytest.raises(BadInputError, match="Add `pytest` to the project's `requirements`"):
        collect("w", SPEC, suite, tmp_path / "bare" / "bin" / "python", {})


def test_a_suite_that_hangs_on_import_is_given_up(suite: Path) -> None:
    """The flow would hang with it."""
    (suite / "tests" / "test_hangs.py").write_text("import time\ntime.sleep(600)\n")
    with pytest.raises(BadInputError, match="did not finish collecting in 1 s"):
        collect("w", SPEC, suite, PYTHON, {}, timeout_seconds=1)


def test_a_test_that_vanished_fails_its_shard(suite: Path, tmp_path: Path) -> None:
    """A shard would pass without having run what it was planned to run."""
    gone = CollectedTest("tests/a.py::gone")
    graph = split_pytest("p", "w", SPEC, [gone], {}, lanes=[1.0], cwd=suite, python=PYTHON)
    step = graph.steps[0]
    assert run_shard(step, tmp_path / "shard").returncode == 5  # nothing is left to run
    problem = read_record(tmp_path / "shard" / step.report).problem
    assert "no longer collected: tests/a.py::gone" in problem


async def test_a_collection_ends_with_its_run(tmp_path: Path) -> None:
    """Broken: a suite that hangs while it is imported goes on for ever after a cancel."""
    mark = tmp_path / "pid"
    hangs = f"import os, pathlib, time\npathlib.Path({str(mark)!r}).write_text(str(os.getpid()))\n"
    (tmp_path / "test_it.py").write_text(f"{hangs}time.sleep(600)\ndef test_it(): pass\n")
    collecting = asyncio.create_task(in_thread(lambda: collect("w", SPEC, tmp_path, PYTHON, {})))
    while not mark.exists() or not mark.read_text():  # noqa: ASYNC110 - another process writes it
        await asyncio.sleep(0.01)
    collecting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await collecting
    assert not psutil.pid_exists(int(mark.read_text()))
