"""Real suites that end early, crash, or bring options of their own: the verdict stays right."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from blocks.providers.interface import End, Outcome
from blocks.workload_spec import PytestWorkload
from tasks.errors import BadInputError
from tasks.split.collect import collect, reason_of
from tasks.split.suite import split_pytest
from tasks.split.verdicts import read_report
from tasks.workload import StepReport

pytestmark = pytest.mark.integration

PYTHON = Path(sys.executable)
AROUND = "def test_before(): pass\n{}\ndef test_after(): pass\n"
STATE = """
import pytest
class TestSteps:
    seen = []
    def test_a(self): self.seen.append(1)
    def test_b(self): assert self.seen == [1]
class TestAssigned:
    def test_a(self): type(self).x = 1
    def test_b(self): assert self.x == 1
class TestFixture:
    @pytest.fixture(scope="class")
    def shared(self): return []
    def test_a(self, shared): shared.append(1)
    def test_b(self, shared): assert shared == [1]
class TestPlain:
    LIMIT = 3
    def test_a(self): self.x = 1
    def test_b(self): assert not hasattr(self, "x")
def test_alone(): pass
"""
STRICT = """
addopts = --junitxml=theirs.xml --lf -x --strict-config --strict-markers
filterwarnings = error
asyncio_default_fixture_loop_scope = function
"""
CHANCE = """
import time, pytest
@pytest.mark.parametrize("value", [time.monotonic_ns(), 7])
def test_chance(value): pass
"""
SETS_ITS_STATUS = """
def pytest_sessionfinish(session): session.exitstatus = {}
"""


def write(source: Path, text: str, **files: str) -> Path:
    """Write a suite with one module, and other files beside it."""
    (source / "tests").mkdir(parents=True)
    (source / "tests" / "test_it.py").write_text(text)
    for name, content in files.items():
        (source / name.replace("_", ".", 1)).write_text(content)
    return source


def run(source: Path, directory: Path, **options: object) -> StepReport:
    """Run a suite as a workload of one shard does, and return what that left."""
    spec = PytestWorkload.model_validate({"kind": "pytest", "shards": 1, **options})
    tests = collect("w", spec, source, PYTHON, {})
    graph = split_pytest("p", "w", spec, tests, {}, lanes=[1.0], cwd=source, python=PYTHON)
    (step,) = graph.steps
    directory.mkdir()
    for name, content in step.files:
        (directory / name).write_text(content)
    argv = [part.replace("{directory}", str(directory)) for part in step.argv]
    done = subprocess.run(argv, cwd=source, capture_output=True, check=False)
    end = End.FAILED if done.returncode else End.SUCCEEDED
    outcome = Outcome(end=end, exit_code=done.returncode, started_at=0, ended_at=1)
    step_report = read_report("p", "w", step, directory, outcome)
    assert step_report.items or step_report.cause, done.stdout + done.stderr
    return step_report


@pytest.mark.parametrize(
    "ends",
    [
        "import os\ndef test_ends(): os._exit(0)",
        "import pytest\ndef test_ends(): pytest.exit('enough', returncode=0)",
        "import os, signal\ndef test_ends(): os.kill(os.getpid(), signal.SIGSEGV)",
    ],
    ids=["os._exit", "pytest.exit", "SIGSEGV"],
)
def test_a_suite_that_ends_early_names_where_and_what_is_missing(tmp_path: Path, ends: str) -> None:
    """Broken: a run succeeds that did not run the rest, or loses what came before a crash."""
    step_report = run(write(tmp_path / "src", AROUND.format(ends)), tmp_path / "out")
    assert "1 test did not run: tests/test_it.py::test_after" in step_report.cause
    assert step_report.items[0].succeeded
    assert "tests/test_it.py::test_ends (it was running when its process ended" in step_report.cause


@pytest.mark.parametrize(
    "ini",
    [
        "addopts = -n 2 -p no:cacheprovider -p no:junitxml -q -q --no-header",
        STRICT,
    ],
    ids=["workers and fewer plugins", "reports and strictness"],
)
def test_options_of_the_suite_neither_displace_nor_break_ours(tmp_path: Path, ini: str) -> None:
    """Broken: shards report nothing, or what the suite asks for is not done."""
    settings = f"[pytest]\n{ini}\n"
    source = write(tmp_path / "src", AROUND.format("def test_it(): pass"), pytest_ini=settings)
    step_report = run(source, tmp_path / "out")
    assert step_report.cause == ""
    assert len(step_report.items) == 3
    assert (source / "theirs.xml").exists() == ("theirs" in ini)


def test_what_a_suite_stops_at_is_said(tmp_path: Path) -> None:
    """Broken: `-x` of the suite looks as if all of it had run."""
    source = write(tmp_path / "src", AROUND.format("def test_bad(): assert 0"))
    step_report = run(source, tmp_path / "out", arguments=["-x"])
    assert step_report.cause.startswith("1 test failed: tests/test_it.py::test_bad (assert 0)")
    assert step_report.cause.endswith("1 test did not run: tests/test_it.py::test_after")


@pytest.mark.parametrize(
    ("keep", "shards"), [("auto", 6), ("class", 5), ("module", 1), ("none", 9)]
)
def test_tests_that_share_state_stay_together(tmp_path: Path, keep: str, shards: int) -> None:
    """Broken: a class whose tests build on one another fails when it is cut."""
    source = write(tmp_path / "src", STATE)
    spec = PytestWorkload.model_validate({"kind": "pytest", "shards": 9, "keep_together": keep})
    tests = collect("w", spec, source, PYTHON, {})
    graph = split_pytest("p", "w", spec, tests, {}, lanes=[1.0], cwd=source, python=PYTHON)
    assert len(graph.steps) == shards
    assert sum(len(step.items) for step in graph.steps) == len(tests) == 9


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"tests/test_a.py": "", "test_b.py": ""}, {"tests/test_a.py"}),
        ({"pkg/test_a.py": "", "test_b.py": ""}, {"pkg/test_a.py", "test_b.py"}),
        (
            {
                "tests/test_a.py": "",
                "more/test_b.py": "",
                "pytest.ini": "[pytest]\ntestpaths = more",
            },
            {"more/test_b.py"},
        ),
        (
            {
                "tests/test_a.py": "",
                "more/test_b.py": "",
                "pyproject.toml": '[tool.pytest.ini_options]\ntestpaths = ["more", "tests"]',
            },
            {"more/test_b.py", "tests/test_a.py"},
        ),
    ],
    ids=["tests", "no tests folder", "testpaths in pytest.ini", "testpaths in pyproject.toml"],
)
def test_without_paths_it_is_as_pytest_would(
    tmp_path: Path, files: dict[str, str], expected: set[str]
) -> None:
    """Broken: a suite without a folder `tests` is refused, or one elsewhere is left out."""
    for name, text in files.items():
        path = tmp_path / "src" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text or "def test_it(): pass\n")
    tests = collect("w", PytestWorkload(kind="pytest"), tmp_path / "src", PYTHON, {})
    assert {test.module for test in tests} == expected


def test_the_reason_of_a_collection_error_is_shown(tmp_path: Path) -> None:
    """Broken: the user reads pytest's summary and an advice, and not what was wrong."""
    broken = "".join(f"def test_{n}(): pass\n" for n in range(3)) + "import no_such_module\n"
    source = write(tmp_path / "src", broken)
    for number in range(20):
        (source / "tests" / f"test_more_{number}.py").write_text("raise RuntimeError('why')\n")
    with pytest.raises(BadInputError, match="No module named 'no_such_module'") as caught:
        collect("w", PytestWorkload(kind="pytest"), source, PYTHON, {})
    assert "RuntimeError: why" in str(caught.value)
    assert reason_of("one\ntwo") == "one\ntwo"


def test_an_option_that_pytest_does_not_know_is_named(tmp_path: Path) -> None:
    """Broken: the user reads pytest's usage, and not which option of the suite is unknown."""
    ini = "[pytest]\naddopts = --not-an-option 2\n"
    source = write(tmp_path / "src", "def test_it(): pass\n", pytest_ini=ini)
    with pytest.raises(BadInputError, match="unrecognized arguments: --not-an-option") as caught:
        collect("w", PytestWorkload(kind="pytest"), source, PYTHON, {})
    assert "inifile" in str(caught.value)


def test_two_modules_of_one_name_are_said_to_clash(tmp_path: Path) -> None:
    """Broken: the user reads which module cannot be collected, and not that another bears its name."""
    for folder in ("x", "y"):
        (tmp_path / "src" / "tests" / folder).mkdir(parents=True)
        (tmp_path / "src" / "tests" / folder / "test_same.py").write_text("def test_it(): pass\n")
    (tmp_path / "src" / "tests" / "test_worse.py").write_text("import no_such_module\n")
    with pytest.raises(BadInputError, match="import file mismatch") as caught:
        collect("w", PytestWorkload(kind="pytest"), tmp_path / "src", PYTHON, {})
    assert "use a unique basename" in str(caught.value)
    assert "No module named 'no_such_module'" in str(caught.value)


def test_ids_made_by_chance_are_named_with_the_remedy(tmp_path: Path) -> None:
    """Broken: a suite parametrised by time or chance fails as a usage error of pytest."""
    step_report = run(write(tmp_path / "src", AROUND.format(CHANCE)), tmp_path / "out")
    assert "tests/test_it.py::test_chance[" in step_report.cause
    assert "other ids than when they were collected" in step_report.cause
    assert "pytest.param(..., id=" in step_report.cause
    assert "did not run" not in step_report.cause
    assert [item.outcome for item in step_report.items] == ["passed"] * 3  # the others are run
    assert len(step_report.missing) == 1


@pytest.mark.parametrize("workers", [[], ["-n", "2"]], ids=["alone", "workers"])
def test_a_suite_that_sets_its_own_exit_status_is_told_apart(
    tmp_path: Path, workers: list[str]
) -> None:
    """Broken: all tests pass, the shard fails with `exit code 3`, and nobody says who did that."""
    files = {"conftest_py": SETS_ITS_STATUS.format(3)}
    source = write(tmp_path / "src", AROUND.format(""), **files)
    step_report = run(source, tmp_path / "out", arguments=workers)
    assert [item.outcome for item in step_report.items] == ["passed", "passed"]
    assert "its 2 tests succeeded" in step_report.cause
    assert "exit status from 0 to 3" in step_report.cause
    assert "pytest_sessionfinish" in step_report.cause


def test_an_exit_status_set_to_zero_hides_no_failure(tmp_path: Path) -> None:
    """Broken: a conftest that forgives everything makes a failing suite succeed."""
    files = {"conftest_py": SETS_ITS_STATUS.format(0)}
    source = write(tmp_path / "src", AROUND.format("def test_bad(): assert 0"), **files)
    assert run(source, tmp_path / "out").cause.startswith("1 test failed: ")
    (source / "tests" / "test_it.py").write_text("import no_such_module\n")
    with pytest.raises(BadInputError, match="No module named 'no_such_module'"):
        collect("w", PytestWorkload(kind="pytest"), source, PYTHON, {})
    (source / "tests" / "test_it.py").write_text("")
    with pytest.raises(BadInputError, match="pytest finds no test there"):
        collect("w", PytestWorkload(kind="pytest"), source, PYTHON, {})


def test_a_process_that_ends_otherwise_after_its_tests_is_told_apart(tmp_path: Path) -> None:
    """Broken: a crash while the interpreter shuts down is taken for a failing test."""
    ends = "import atexit, os\natexit.register(os._exit, 9)"
    step_report = run(write(tmp_path / "src", AROUND.format(ends)), tmp_path / "out")
    assert "its 2 tests succeeded, and after pytest was done its process ended" in step_report.cause


@pytest.mark.parametrize(
    "ends", ["import pytest\npytest.exit('enough', returncode=0)", "import os\nos._exit(0)"]
)
def test_a_suite_that_ends_while_it_is_collected_is_refused(tmp_path: Path, ends: str) -> None:
    """Broken: a module that exits with 0 when imported makes a run end with a stack trace."""
    source = write(tmp_path / "src", ends)
    with pytest.raises(BadInputError, match="cannot collect"):
        collect("w", PytestWorkload(kind="pytest"), source, PYTHON, {})
