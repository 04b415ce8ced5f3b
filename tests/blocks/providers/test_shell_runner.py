"""Tests of the shell runner: steps run to their end, are adopted, and end when cancelled."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from blocks.providers import shell_runner
from blocks.providers.interface import Command, End, Provider, Resources
from blocks.providers.process import detached
from blocks.providers.process.lanes import Lanes
from blocks.providers.shell_runner import ShellRunner

pytestmark = pytest.mark.integration

RUNNER: Provider = ShellRunner("local", Resources(cpus=1, memory_mib=100, slots=1))
ROOT = str(Path(__file__).parents[3])
DIES = """
import asyncio, os, sys
from pathlib import Path
from blocks.providers.interface import Command, Resources
from blocks.providers.shell_runner import ShellRunner
command = Command.model_validate_json(sys.argv[1])
async def main():
    task = asyncio.create_task(ShellRunner("other", Resources()).run(command))
    while not Path(sys.argv[2]).exists():
        await asyncio.sleep(0.01)
    os._exit(9)
asyncio.run(main())
"""


def shell(tmp_path: Path, script: str) -> Command:
    """Return a command that runs ``script``."""
    return Command(argv=("sh", "-c", script), directory=tmp_path / "step", cwd=tmp_path)


async def until(look: Callable[[], object]) -> None:
    """Return as soon as ``look`` gives something true."""
    deadline = time.monotonic() + 20
    while not look():
        assert time.monotonic() < deadline, "nothing came of it"
        await asyncio.sleep(0.01)


async def test_a_command_runs_in_its_folder_with_its_variables(tmp_path: Path) -> None:
    """Broken: steps would not see their source tree or their variables."""
    command = shell(tmp_path, 'echo "$NAME" > made')
    outcome = await RUNNER.run(command.model_copy(update={"environment": {"NAME": "x y"}}))
    assert outcome.succeeded
    assert (tmp_path / "made").read_text() == "x y\n"


async def test_what_a_worker_knows_stays_with_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Broken: every step could read the password of the Prefect API."""
    monkeypatch.setenv("PREFECT_API_AUTH_STRING", "admin:secret")
    runner = ShellRunner("local", Resources())
    assert (await runner.run(shell(tmp_path, 'test -z "$PREFECT_API_AUTH_STRING"'))).succeeded
    runner.close()


async def lane_killed(*_: object) -> None:
    """Stand for a lane that was killed before it began."""


async def test_cancelling_ends_the_tree(tmp_path: Path) -> None:
    """Broken: a cancelled flow would leave its steps running."""
    command = shell(tmp_path, "touch up; sleep 600 & wait")
    task = asyncio.create_task(RUNNER.run(command))
    await until((tmp_path / "up").exists)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    settled = detached.status(command.directory)
    assert isinstance(settled, detached.Ended)
    assert settled.outcome.end is End.PREEMPTED


@pytest.mark.parametrize("times", [1, 2])
async def test_cancelling_all_there_is_ends_what_is_only_starting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, times: int
) -> None:
    """Broken: a flow run cancelled while a step starts would leave that step running for ever."""
    entered, go_on = threading.Event(), threading.Event()
    monkeypatch.setattr(Lanes, "run", lane_killed)

    def slow_start(spec: detached.ShimSpec, environment: Mapping[str, str]) -> None:
        """Start it, but only once everything has been cancelled."""
        entered.set()
        go_on.wait()
        detached.start(spec, environment)

    monkeypatch.setattr(shell_runner, "start", slow_start)
    command = shell(tmp_path, "sleep 600")
    task = asyncio.create_task(RUNNER.run(command))
    await until(entered.is_set)
    # As `asyncio.run` does at its end: every task, not only the one that began it all.
    own = asyncio.current_task()
    for _ in range(times):
        for each in asyncio.all_tasks() - {own}:
            each.cancel()
        await asyncio.sleep(0)
    go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    await until(lambda: not isinstance(detached.status(command.directory), detached.NotStarted))
    settled = detached.status(command.directory)
    detached.stop(command.directory, 1.0)
    assert isinstance(settled, detached.Ended)


async def test_a_signal_that_strikes_here_ends_the_tree(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Broken: the exception that Prefect raises at SIGTERM leaves the step running."""

    async def struck(directory: Path) -> None:
        """Raise as a signal handler does, once the command runs."""
        await until(lambda: isinstance(detached.status(directory), detached.Running))
        raise SystemError  # stands for any; a true one of pytest's own would end it

    monkeypatch.setattr(Lanes, "run", lane_killed)
    monkeypatch.setattr(shell_runner, "wait", struck)
    command = shell(tmp_path, "sleep 600")
    with pytest.raises(SystemError):
        await RUNNER.run(command)
    assert isinstance(detached.status(command.directory), detached.Ended)


async def test_a_step_outlives_who_ran_it_and_is_adopted(tmp_path: Path) -> None:
    """Broken: kill -9 of a flow would kill its steps, or its successor repeat them."""
    command = shell(tmp_path, "echo x >> ran; while ! test -e go; do sleep 0.02; done")
    starter = [sys.executable, "-c", DIES, command.model_dump_json(), str(tmp_path / "ran")]
    died = await asyncio.to_thread(
        subprocess.run, starter, check=False, env=os.environ | {"PYTHONPATH": ROOT}
    )
    assert died.returncode == 9
    assert isinstance(detached.status(command.directory), detached.Running)
    (tmp_path / "go").touch()
    assert (await RUNNER.run(command)).succeeded
    assert (await RUNNER.run(command)).succeeded
    assert (tmp_path / "ran").read_text() == "x\n"


async def test_a_step_whose_lane_is_killed_ends_at_once(tmp_path: Path) -> None:
    """Broken: it would go on without its limits, beside the attempt that repeats it."""
    command = shell(tmp_path, "echo $$ > pid; sleep 600")
    task = asyncio.create_task(RUNNER.run(command))
    await until(lambda: (tmp_path / "pid").exists() and (tmp_path / "pid").read_text())
    current = detached.status(command.directory)
    assert isinstance(current, detached.Running)
    os.kill(current.shim.pid, signal.SIGKILL)
    outcome = await asyncio.wait_for(task, 20)
    assert outcome.end is End.LOST
    with suppress(psutil.NoSuchProcess):  # it may not have been reaped yet
        left = psutil.Process(int((tmp_path / "pid").read_text()))
        assert left.status() == psutil.STATUS_ZOMBIE
