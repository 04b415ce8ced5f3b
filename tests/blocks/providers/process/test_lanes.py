"""Tests of lanes: one process executes many commands, and each is kept like one of its own."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from blocks.providers.interface import End, Outcome
from blocks.providers.process import detached, lanes
from blocks.providers.process.lanes import Lanes
from blocks.providers.process.shim_spec import ShimError

ROOT = str(Path(__file__).parents[4])
ENVIRONMENT = {"PATH": os.environ["PATH"]}
DIES = """
import asyncio, os, sys
from pathlib import Path
from blocks.providers.process.lanes import Lanes
from blocks.providers.process.shim_spec import ShimSpec

async def main():
    spec = ShimSpec(Path(sys.argv[1]), ("sh", "-c", sys.argv[2]), Path("/"))
    run = asyncio.create_task(Lanes().run(spec, dict(os.environ), 1.0))
    while not (spec.directory / "state.json").exists():
        await asyncio.sleep(0.01)
    os._exit(9)
asyncio.run(main())
"""


@pytest.fixture(name="pool")
async def _pool() -> AsyncIterator[Lanes]:
    """Give lanes that end with the test."""
    pool = Lanes()
    yield pool
    pool.close()


def spec(directory: Path, script: str, **others: Any) -> detached.ShimSpec:
    """Return what runs ``script``."""
    return detached.ShimSpec(directory, ("sh", "-c", script), Path("/"), **others)


async def run(pool: Lanes, directory: Path, script: str, **others: Any) -> Outcome | None:
    """Run ``script`` in a lane."""
    return await pool.run(spec(directory, script, **others), ENVIRONMENT, 1.0)


def lane_of(directory: Path) -> int:
    """Return the pid of the lane that the run was or is in."""
    pid: int = json.loads((directory / "state.json").read_text())["shim"]["pid"]
    return pid


async def until(look: Callable[[], object]) -> None:
    """Return as soon as ``look`` gives something true."""
    deadline = time.monotonic() + 20
    while not look():
        assert time.monotonic() < deadline, "nothing came of it"
        await asyncio.sleep(0.01)


def is_running(directory: Path) -> bool:
    """Tell whether the command itself runs."""
    status = detached.status(directory)
    return isinstance(status, detached.Running) and status.child_pid is not None


async def test_one_lane_executes_one_command_after_another(pool: Lanes, tmp_path: Path) -> None:
    """Broken: each step would pay for the start of a Python, or see what the last one left."""
    codes = [await run(pool, tmp_path / str(code), f"echo {code}; exit {code}") for code in (0, 3)]
    assert [outcome and (outcome.end, outcome.exit_code) for outcome in codes] == [
        (End.SUCCEEDED, 0),
        (End.FAILED, 3),
    ]
    assert lane_of(tmp_path / "0") == lane_of(tmp_path / "3")
    assert [(tmp_path / name / "output.log").read_text() for name in "03"] == ["0\n", "3\n"]
    assert isinstance(detached.status(tmp_path / "3"), detached.Ended)


async def test_a_lane_keeps_nothing_of_what_it_has_executed(pool: Lanes, tmp_path: Path) -> None:
    """Broken: a lane would run out of descriptors in a workload of thousands of steps."""
    await run(pool, tmp_path / "first", "true")
    lane = psutil.Process(lane_of(tmp_path / "first"))
    before = lane.num_fds()
    for number in range(20):
        await run(pool, tmp_path / str(number), "echo x; sleep 0 &")
    assert lane.num_fds() == before
    assert not lane.children()


async def test_limits_hold_for_each_command(pool: Lanes, tmp_path: Path) -> None:
    """Broken: a step in a lane would never time out, or what it started would go on."""
    late = await run(pool, tmp_path / "late", "sleep 600 & wait", timeout_seconds=0.2)
    left = await run(pool, tmp_path / "left", "setsid sleep 601 & true")
    assert late
    assert (late.end, late.cause) == (End.TIMED_OUT, "took longer than 0.2 s")
    assert left
    assert (left.end, left.left_behind) == (End.SUCCEEDED, 1)
    sleeping = [p.info["cmdline"] for p in psutil.process_iter(["cmdline"])]
    assert not [line for line in sleeping if line in (["sleep", "600"], ["sleep", "601"])]


async def test_a_command_that_cannot_be_executed_fails_by_itself(
    pool: Lanes, tmp_path: Path
) -> None:
    """Broken: a misspelt program would end the lane, and the steps after it."""
    absent = detached.ShimSpec(tmp_path / "absent", ("no-such-program",), Path("/"))
    outcome = await pool.run(absent, ENVIRONMENT, 1.0)
    assert outcome
    assert (outcome.end, outcome.exit_code) == (End.FAILED, 127)
    assert "No such file or directory: no-such-program" in outcome.cause
    assert await run(pool, tmp_path / "next", "true")
    assert lane_of(tmp_path / "next") == lane_of(tmp_path / "absent")


async def test_a_stopped_run_leaves_its_lane(pool: Lanes, tmp_path: Path) -> None:
    """Broken: stopping one step would cost those that come after it in the lane."""
    running = asyncio.create_task(run(pool, tmp_path / "stopped", "sleep 600"))
    await until(lambda: is_running(tmp_path / "stopped"))
    stopped = await asyncio.to_thread(detached.stop, tmp_path / "stopped", 1.0)
    outcome = await running
    assert stopped
    assert outcome
    assert outcome.end is stopped.end is End.PREEMPTED
    assert await run(pool, tmp_path / "next", "true")
    assert lane_of(tmp_path / "next") == lane_of(tmp_path / "stopped")


async def test_a_signal_for_the_last_run_does_not_end_this_one(pool: Lanes, tmp_path: Path) -> None:
    """Broken: a request to stop that comes too late would end another step."""
    running = asyncio.create_task(run(pool, tmp_path / "step", "sleep 0.5; echo done"))
    await until(lambda: is_running(tmp_path / "step"))
    os.kill(lane_of(tmp_path / "step"), signal.SIGTERM)
    outcome = await running
    assert outcome
    assert outcome.succeeded


@pytest.mark.parametrize("times", [1, 2])
async def test_cancelling_ends_a_command_that_has_not_begun(
    pool: Lanes, tmp_path: Path, times: int
) -> None:
    """Broken: a flow run cancelled while a step starts would leave that step running for ever."""
    await run(pool, tmp_path / "before", "true")
    lane = lane_of(tmp_path / "before")
    os.kill(lane, signal.SIGSTOP)
    running = asyncio.create_task(run(pool, tmp_path / "step", "sleep 600"))
    await asyncio.sleep(0.1)
    # As `asyncio.run` does at its end: every task, not only the one that began it all.
    for _ in range(times):
        for each in asyncio.all_tasks() - {asyncio.current_task()}:
            each.cancel()
        await asyncio.sleep(0)
    with pytest.raises(asyncio.CancelledError):
        await running
    status = detached.status(tmp_path / "step")
    assert isinstance(status, detached.Ended)
    assert status.outcome.end is End.PREEMPTED
    await until(lambda: not psutil.pid_exists(lane))


async def test_cancelling_ends_a_command_whose_lane_was_stopped_by_a_signal(
    pool: Lanes, tmp_path: Path
) -> None:
    """Broken: the step goes on after the cancel, and the run waits until its lane is killed."""
    running = asyncio.create_task(run(pool, tmp_path / "step", "sleep 600"))
    await until(lambda: is_running(tmp_path / "step"))
    os.kill(lane_of(tmp_path / "step"), signal.SIGSTOP)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    status = detached.status(tmp_path / "step")
    assert isinstance(status, detached.Ended)
    assert status.outcome.end is End.PREEMPTED


async def test_an_exception_at_any_moment_ends_the_command(
    pool: Lanes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Broken: the exception that Prefect raises at SIGTERM leaves the step running."""
    call = lanes._Lane.call

    async def struck(lane: lanes._Lane, request: bytes) -> None:
        """Raise as a signal handler does, once the command runs."""
        calling = asyncio.ensure_future(call(lane, request))
        await until(lambda: is_running(tmp_path / "step"))
        calling.cancel()
        raise SystemError  # stands for any; a true one of pytest's own would end it

    monkeypatch.setattr(lanes._Lane, "call", struck)
    with pytest.raises(SystemError):
        await run(pool, tmp_path / "step", "sleep 600")
    assert isinstance(detached.status(tmp_path / "step"), detached.Ended)


async def test_a_lane_that_was_killed_is_replaced(pool: Lanes, tmp_path: Path) -> None:
    """Broken: one kill -9 would fail all steps after it, or leave the child that it orphaned."""
    running = asyncio.create_task(run(pool, tmp_path / "step", "sleep 600"))
    await until(lambda: is_running(tmp_path / "step"))
    os.kill(lane_of(tmp_path / "step"), signal.SIGKILL)
    assert await running is None
    lost = await asyncio.to_thread(detached.stop, tmp_path / "step", 1.0)
    assert lost
    assert lost.end is End.LOST
    assert not is_running(tmp_path / "step")
    assert await run(pool, tmp_path / "idle", "true")
    os.kill(lane_of(tmp_path / "idle"), signal.SIGKILL)
    # An idle lane was killed: nothing began, and who runs the command starts it in another way.
    assert await run(pool, tmp_path / "after", "true") is None
    assert not (tmp_path / "after" / "state.json").exists()
    assert await run(pool, tmp_path / "again", "true")


async def test_a_lane_outlives_who_started_it_for_one_command(tmp_path: Path) -> None:
    """Broken: kill -9 of a flow would kill its steps, or leave their lanes for ever."""
    step = tmp_path / "step"
    script = f"echo x >> {tmp_path}/ran; while ! test -e {tmp_path}/go; do sleep 0.02; done"
    starter = [sys.executable, "-c", DIES, str(step), script]
    died = await asyncio.to_thread(
        subprocess.run, starter, check=False, env=os.environ | {"PYTHONPATH": ROOT}
    )
    assert died.returncode == 9
    lane = lane_of(step)
    assert isinstance(detached.status(step), detached.Running)
    (tmp_path / "go").touch()
    outcome = await detached.wait(step)
    assert outcome.succeeded
    assert (tmp_path / "ran").read_text() == "x\n"
    await until(lambda: not psutil.pid_exists(lane))


async def test_a_directory_is_used_once(tmp_path: Path) -> None:
    """Broken: two runs of one workload would execute its step twice."""
    pools = [Lanes() for _ in range(4)]
    script = f"echo x >> {tmp_path}/ran; sleep 0.1"
    outcomes = await asyncio.gather(*(run(pool, tmp_path / "step", script) for pool in pools))
    assert [outcome is None for outcome in outcomes].count(False) == 1
    assert (tmp_path / "ran").read_text() == "x\n"
    assert await run(pools[0], tmp_path / "step", script) is None
    for pool in pools:
        pool.close()


async def test_a_directory_that_cannot_be_written_is_an_error(pool: Lanes, tmp_path: Path) -> None:
    """Broken: the step would wait for ever, or the lane would end."""
    (tmp_path / "file").touch()
    with pytest.raises(ShimError, match="cannot be recorded: Not a directory"):
        await run(pool, tmp_path / "file" / "step", "true")
    assert await run(pool, tmp_path / "step", "true")


async def test_lanes_end_when_they_are_closed(pool: Lanes, tmp_path: Path) -> None:
    """Broken: each workload would leave its lanes behind."""
    await asyncio.gather(*(run(pool, tmp_path / name, "sleep 0.05") for name in "abc"))
    pids = {lane_of(tmp_path / name) for name in "abc"}
    assert len(pids) == 3
    pool.close()
    await until(lambda: not any(map(psutil.pid_exists, pids)))
