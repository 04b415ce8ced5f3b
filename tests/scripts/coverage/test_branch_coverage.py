"""Tests of the measurement of what the tests run."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.integration

ROOT = Path(__file__).parents[3]
PROGRAM = ROOT / "scripts/coverage/branch_coverage.py"
MODULE = ROOT / "tasks/text.py"
BEGIN = f"import sys; sys.path.insert(0, {str(PROGRAM.parent)!r}); import branch_coverage as b; b.begin()"


def measured(code: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run ``code`` in a process that is measured into ``folder``."""
    return subprocess.run(
        [sys.executable, "-c", f"{BEGIN}\n{code}"],
        cwd=ROOT,
        env={**os.environ, "BRANCH_COVERAGE": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )


def seen(folder: Path) -> list[set[int | tuple[int, int]]]:
    """Return what each process has run of the module."""
    documents = [json.loads(file.read_text()) for file in folder.glob("*.json")]
    return [
        {tuple(place) if isinstance(place, list) else place for place in each.get(str(MODULE), [])}
        for each in documents
    ]


def test_what_a_process_has_run_is_written_at_its_end(tmp_path: Path) -> None:
    """A flow run that ends within a second would not count."""
    ended = measured("import tasks.text", tmp_path)
    assert ended.returncode == 0, ended.stderr
    [places] = seen(tmp_path)
    lines = {place for place in places if isinstance(place, int)}
    assert lines
    assert max(lines) <= len(MODULE.read_text().splitlines())


def test_what_a_killed_process_has_run_is_known(tmp_path: Path) -> None:
    """What the tests kill would look as if no test had run it."""
    wait = (
        "import os, pathlib, signal, tasks.text\n"
        f"while not list(pathlib.Path({str(tmp_path)!r}).glob('*.json')): pass\n"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    killed = measured(wait, tmp_path)
    assert killed.returncode == -signal.SIGKILL
    [places] = seen(tmp_path)
    assert places


def test_a_forked_process_has_a_file_of_its_own(tmp_path: Path) -> None:
    """Parent and child would overwrite what the other has run."""
    fork = "import os\nif os.fork() == 0:\n    import tasks.text\nelse:\n    os.wait()"
    assert measured(fork, tmp_path).returncode == 0
    assert [bool(places) for places in seen(tmp_path)] == [True]


def test_a_module_that_is_run_as_a_program_is_measured(tmp_path: Path) -> None:
    """`make up` and the processes of a stack would look as if no test had run them."""
    program = "import runpy; runpy.run_module('tasks.text', run_name='__main__', alter_sys=True)"
    assert measured(program, tmp_path).returncode == 0
    assert [bool(places) for places in seen(tmp_path)] == [True]


def report(folder: Path) -> subprocess.CompletedProcess[str]:
    """Have the shares shown."""
    return subprocess.run(
        [sys.executable, str(PROGRAM), "report", str(folder)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_share_below_the_bar_fails_and_names_what_was_not_run(tmp_path: Path) -> None:
    """CI would go on where most of the code is tested no more."""
    measured("import tasks.text", tmp_path)
    completed = report(tmp_path)
    assert completed.returncode == 1
    assert "at least 92 % is asked for" in completed.stdout
    assert "\ntasks/text.py " in completed.stdout
    assert "tasks/planning/kernels/anneal.py" not in completed.stdout
