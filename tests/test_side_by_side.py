"""What stays together where tests are spread over workers, and what is begun first."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.side_by_side import ON_SECOND_STACK, SERVED, scope_of, turn_of

ROOT = Path(__file__).parents[1]
SHIP = "tests/integration/test_ship.py::test_the_new_version_answers_where_the_summary_says"
UP = "tests/stack/test_stack.py::test_killed_parts_come_back_or_are_cleared_away"

NOTING = """
import os, pathlib, pytest

@pytest.mark.parametrize("number", range(6))
def test_it(number):
    pathlib.Path(__file__ + "." + os.environ["PYTEST_XDIST_WORKER"]).touch()
"""


def test_those_that_use_one_stack_are_one_group() -> None:
    """Every worker would bring up a stack of its own, and the machine be busy with that."""
    assert scope_of(SHIP) == scope_of("tests/integration/test_door.py::test_a[x]")


def test_half_of_them_use_a_second_stack() -> None:
    """One worker would go on alone for minutes when all others have ended."""
    assert all((ROOT / file).is_file() for file in ON_SECOND_STACK)
    second = {scope_of(f"{file}::test_a") for file in ON_SECOND_STACK}
    assert len(second) == 1
    assert second != {scope_of(SHIP)}


def test_a_file_stays_together() -> None:
    """What its fixtures share would be made once a worker, in the worst case once a test."""
    tests = ("tests/stack/test_api.py::test_a", "tests/stack/test_api.py::test_b[1/2]")
    assert {scope_of(test) for test in tests} == {"tests/stack/test_api.py"}


def test_all_that_use_the_prefect_server_are_one_group() -> None:
    """Every worker would start one, which takes half a minute."""
    fixtures = re.compile(r"\b(prefect_server|server_without_runs)\b")
    users = {
        str(path.relative_to(ROOT))
        for path in (ROOT / "tests").rglob("test_*.py")
        if path != Path(__file__) and fixtures.search(path.read_text(encoding="utf-8"))
    }
    assert users == set(SERVED)
    assert len({scope_of(f"{file}::test_a") for file in users}) == 1


def test_long_tests_that_share_nothing_are_given_away_one_by_one() -> None:
    """The tests of `make up` would wait for one another, each with a stack that only it uses."""
    assert scope_of(UP) == UP


def test_what_takes_long_comes_first() -> None:
    """One worker would be left with the longest test when all others have ended."""
    turns = [
        turn_of(SHIP, {"prefect"}),
        turn_of(UP, {"prefect"}),
        turn_of("tests/stack/server/test_guard.py::test_a", {"prefect"}),
        turn_of("tests/test_make.py::test_a", set()),
    ]
    assert turns == sorted(set(turns))


@pytest.mark.integration
def test_workers_share_out_files(tmp_path: Path) -> None:
    """Nothing would be kept together: a release of pytest or of its plugin has changed that."""
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    (tmp_path / "conftest.py").write_text((ROOT / "tests" / "conftest.py").read_text())
    for name in ("test_a.py", "test_b.py"):
        (tmp_path / name).write_text(NOTING)
    command = [sys.executable, "-m", "pytest", "-q", "-n", "2", "--dist", "loadfile"]
    done = subprocess.run(
        [*command, "-p", "no:cacheprovider"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "12 passed" in done.stdout, done.stdout + done.stderr
    workers = [list(tmp_path.glob(f"{name}.gw*")) for name in ("test_a.py", "test_b.py")]
    assert [len(each) for each in workers] == [1, 1]
