"""Tests of how the flow run of a process is found."""

from __future__ import annotations

import os
import subprocess
import sys

import psutil
import pytest

from tasks.run_process import RUN_ID, run_id_of, title, titled_run

SLEEPER = "import time; print(flush=True); time.sleep(600)"
TITLED = f"import setproctitle; setproctitle.setproctitle({title('a-run')!r}); " + SLEEPER


@pytest.mark.parametrize(
    ("command", "run"),
    [
        ([title("a-run")], "a-run"),
        ([title("a-run"), "", ""], "a-run"),
        (["python", title("a-run")], ""),
        ([], ""),
    ],
)
def test_a_title_names_its_run(command: list[str], run: str) -> None:
    """Broken: the run of a fork counts as vanished, and is ended while it works."""
    assert titled_run(command) == run


@pytest.mark.integration
@pytest.mark.parametrize(
    ("code", "variables", "run"),
    [
        (SLEEPER, {RUN_ID: "another-run"}, "another-run"),
        (TITLED, {RUN_ID: "another-run", "SPT_NOENV": "1"}, "a-run"),
        (SLEEPER, {RUN_ID: ""}, ""),
    ],
)
def test_the_title_goes_before_the_variables(
    code: str, variables: dict[str, str], run: str
) -> None:
    """Broken: whoever waits for a lock is told of the run that a process was forked from."""
    process = subprocess.Popen(
        [sys.executable, "-c", code], env={**os.environ, **variables}, stdout=subprocess.PIPE
    )
    try:
        assert process.stdout is not None
        process.stdout.readline()
        assert run_id_of(psutil.Process(process.pid)) == run
    finally:
        process.kill()
        process.communicate()
