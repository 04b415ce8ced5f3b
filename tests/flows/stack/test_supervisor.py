"""The supervisor restarts what dies and stops what it started."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from flows.stack.environment import MARK
from flows.stack.home import PROGRAMS, Home
from flows.stack.record import (
    is_alive,
    members,
    read_record,
    read_records,
    stop_sessions,
    wait_gone,
)
from flows.stack.supervisor import LONGEST_PAUSE_SECONDS, pause_before_start, rotate

ROOT = Path(__file__).parents[3]
WORKER = 'worker: sleep 600 & echo "worker $$"; exec sleep 600'
OTHERS = "\n".join(f"{name}: exec sleep 600" for name in PROGRAMS if name != "worker")


def until(holds: Callable[[], bool]) -> None:
    """Wait for an effect."""
    deadline = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(0.02)


@pytest.fixture
def supervised(tmp_path: Path) -> Iterator[tuple[Home, subprocess.Popen[bytes]]]:
    """A supervisor over a Procfile of sleepers; the worker has a child, like a flow run."""
    home = Home(tmp_path / "home")
    home.create()
    (tmp_path / "Procfile").write_text(f"{WORKER}\n{OTHERS}\n")
    supervisor = subprocess.Popen(
        [sys.executable, "-m", "flows.stack.supervisor"],
        cwd=tmp_path,
        env={
            **os.environ,
            "SLIPWAY_HOME": str(home.root),
            "PYTHONPATH": str(ROOT),
            MARK: tmp_path.name,
        },
        start_new_session=True,
        stdout=subprocess.DEVNULL,
    )
    until(lambda: len(read_records(home.stack)) == len(PROGRAMS) + 1)
    yield home, supervisor
    supervisor.terminate()
    supervisor.wait()
    stop_sessions(read_records(home.stack), grace_seconds=1)


@pytest.mark.integration
def test_a_killed_worker_comes_back_and_its_runs_go_on(
    supervised: tuple[Home, subprocess.Popen[bytes]],
) -> None:
    """Nothing would start flow runs any more, or a lost worker would take running ones along."""
    home, supervisor = supervised
    first = read_record(home.record("worker"))
    router = read_record(home.record("router"))
    assert first is not None
    until(lambda: len(members(first)) == 2)
    os.kill(first.pid, signal.SIGKILL)

    def came_back() -> bool:
        now = read_record(home.record("worker"))
        return now is not None and now.pid != first.pid and is_alive(now) and now.starts == 2

    until(came_back)
    assert read_record(home.record("router")) == router
    assert len(members(first)) == 1
    assert first in read_records(home.stack)
    records = read_records(home.stack)
    supervisor.terminate()
    supervisor.wait()
    assert [each for record in records for each in members(record)] == []


@pytest.mark.integration
def test_stopping_ends_every_program(supervised: tuple[Home, subprocess.Popen[bytes]]) -> None:
    """`make down` would leave orphans."""
    home, supervisor = supervised
    records = read_records(home.stack)
    supervisor.terminate()
    assert supervisor.wait() == 0
    assert all(wait_gone(record, timeout_seconds=10) for record in records)
    assert "worker" in home.log("worker").read_text()


def test_pauses_between_starts_grow_to_a_limit() -> None:
    """A program that cannot start would be started without pause, or never again."""
    pauses = [pause_before_start(failures) for failures in range(12)]
    assert pauses[0] == 0
    assert pauses == sorted(pauses)
    assert pauses[-1] == LONGEST_PAUSE_SECONDS


def test_a_grown_log_is_moved_aside_while_it_is_written(tmp_path: Path) -> None:
    """A log would fill the disk, or its writer would go on in a file nobody sees."""
    log = tmp_path / "server.log"
    with log.open("ab", buffering=0) as writer:
        writer.write(b"x" * 100)
        rotate(log, most_bytes=50)
        writer.write(b"after")
    assert log.read_bytes() == b"after"
    assert (tmp_path / "server.log.1").read_bytes() == b"x" * 100
    rotate(log, most_bytes=50)
    assert log.read_bytes() == b"after"
