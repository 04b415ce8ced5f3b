"""The supervisor restarts what dies and stops what it started."""

from __future__ import annotations

import asyncio
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
from flows.stack.lock import exclusive
from flows.stack.record import (
    is_alive,
    members,
    read_record,
    read_records,
    stop_sessions,
    wait_gone,
)
from flows.stack.supervision import Supervision, keep_supervised
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


def supervise(tmp_path: Path, **settings: str) -> subprocess.Popen[bytes]:
    """Start another supervisor of the same stack."""
    variables = {"SLIPWAY_HOME": str(tmp_path / "home"), "PYTHONPATH": str(ROOT), **settings}
    return subprocess.Popen(
        [sys.executable, "-m", "flows.stack.supervisor"],
        cwd=tmp_path,
        env={**os.environ, **variables, MARK: tmp_path.name},
        start_new_session=True,
        stdout=subprocess.DEVNULL,
    )


def pids(home: Home) -> dict[str, int]:
    """Return the process of each part."""
    records = {name: read_record(home.record(name)) for name in PROGRAMS}
    return {name: record.pid for name, record in records.items() if record and is_alive(record)}


@pytest.mark.integration
def test_what_runs_goes_on_under_a_new_supervisor(
    supervised: tuple[Home, subprocess.Popen[bytes]], tmp_path: Path
) -> None:
    """Broken: after a kill -9 of the supervisor, the router would drop connections, and more."""
    home, supervisor = supervised
    before = pids(home)
    supervisor.kill()
    supervisor.wait()
    successor = supervise(tmp_path)
    try:
        os.kill(before["reconciler"], signal.SIGKILL)
        until(lambda: pids(home).get("reconciler", before["reconciler"]) != before["reconciler"])
        after = pids(home)
        assert {name for name in PROGRAMS if after[name] == before[name]} == set(PROGRAMS) - {
            "reconciler"
        }
        assert after["reconciler"] != before["reconciler"]
    finally:
        successor.terminate()
        successor.wait()
    assert pids(home) == {}


@pytest.mark.integration
def test_only_what_depends_on_a_changed_setting_starts_again(
    supervised: tuple[Home, subprocess.Popen[bytes]], tmp_path: Path
) -> None:
    """Broken: another number of samples would cost every open connection."""
    home, supervisor = supervised
    before = pids(home)
    supervisor.send_signal(signal.SIGUSR1)
    assert supervisor.wait() == 0
    assert pids(home) == before
    successor = supervise(tmp_path, SLIPWAY_SAMPLE_SECONDS="20")
    try:
        until(lambda: pids(home).keys() == before.keys() and pids(home) != before)
        until(lambda: pids(home).get("worker", before["worker"]) != before["worker"])
        until(lambda: pids(home).get("reconciler", before["reconciler"]) != before["reconciler"])
        assert {name: pids(home)[name] for name in ("server", "router")} == {
            name: before[name] for name in ("server", "router")
        }
    finally:
        successor.terminate()
        successor.wait()


@pytest.mark.integration
def test_a_dead_supervisor_is_brought_back(
    supervised: tuple[Home, subprocess.Popen[bytes]], tmp_path: Path
) -> None:
    """Broken: nobody would notice, and the next part that dies would stay down."""
    home, supervisor = supervised
    environment = {**os.environ, "SLIPWAY_HOME": str(home.root), "PYTHONPATH": str(ROOT)}
    supervision = Supervision(home, tmp_path, {**environment, MARK: tmp_path.name}, 2.0)
    before = pids(home)
    assert supervision(0.0) == []
    supervisor.kill()
    supervisor.wait()
    with exclusive(home):
        assert supervision(1.0) == []
    assert "takes over" in supervision(2.0)[0]
    assert supervision(3.0) == []
    successor = read_record(home.record("supervisor"))
    assert successor is not None
    os.kill(before["router"], signal.SIGKILL)
    until(lambda: pids(home).get("router", before["router"]) != before["router"])
    assert pids(home)["server"] == before["server"]
    os.kill(successor.pid, signal.SIGTERM)
    assert wait_gone(successor, 20)


@pytest.mark.integration
def test_a_supervisor_that_hangs_is_replaced_and_one_that_works_is_not(
    supervised: tuple[Home, subprocess.Popen[bytes]], tmp_path: Path
) -> None:
    """Broken: one that was stopped or hangs looks alive for ever, and brings nothing back."""
    home, supervisor = supervised
    environment = {**os.environ, "SLIPWAY_HOME": str(home.root), "PYTHONPATH": str(ROOT)}
    supervision = Supervision(home, tmp_path, {**environment, MARK: tmp_path.name}, 0.1, 3.0)
    before = pids(home)
    touched = home.supervisor_heartbeat_file.stat().st_mtime_ns
    until(lambda: home.supervisor_heartbeat_file.stat().st_mtime_ns != touched)
    assert supervision(0.0) == []
    os.kill(supervisor.pid, signal.SIGSTOP)
    said: list[str] = []

    def replaced() -> bool:
        """Look again; whoever works for 3 s of looks is left alone."""
        said.extend(supervision(0.0))
        return bool(said)

    until(replaced)
    supervisor.wait()
    assert "left no heartbeat" in said[0]
    successor = read_record(home.record("supervisor"))
    assert successor is not None
    assert successor.pid != supervisor.pid
    os.kill(before["router"], signal.SIGKILL)
    until(lambda: pids(home).get("router", before["router"]) != before["router"])
    assert pids(home)["server"] == before["server"]
    os.kill(successor.pid, signal.SIGTERM)
    assert wait_gone(successor, 20)


@pytest.mark.integration
async def test_supervisor_and_reconciler_come_back_when_both_are_dead(
    supervised: tuple[Home, subprocess.Popen[bytes]], tmp_path: Path
) -> None:
    """Broken: server, worker and router would go on, and nobody would start anything again."""
    home, supervisor = supervised
    environment = {**os.environ, "SLIPWAY_HOME": str(home.root), "PYTHONPATH": str(ROOT)}
    supervision = Supervision(home, tmp_path, {**environment, MARK: tmp_path.name}, 2.0)
    before = pids(home)
    supervisor.kill()
    supervisor.wait()
    os.kill(before["reconciler"], signal.SIGKILL)
    watch = asyncio.ensure_future(keep_supervised(supervision, 0.1))
    await asyncio.to_thread(
        until, lambda: pids(home).get("reconciler", before["reconciler"]) != before["reconciler"]
    )
    watch.cancel()
    assert pids(home)["worker"] == before["worker"]
    successor = read_record(home.record("supervisor"))
    assert successor is not None
    os.kill(successor.pid, signal.SIGTERM)
    assert wait_gone(successor, 20)


BEATING = 'while :; do touch "$SLIPWAY_HOME/stack/heartbeat"; echo $$ >> beats; sleep 0.1; done'
IMPATIENT = (
    "from flows.stack import heartbeat, supervisor; "
    "heartbeat.LEAST_SECONDS, heartbeat.MOST_PERIODS = 3.0, 0; supervisor.main()"
)


@pytest.mark.integration
def test_a_reconciler_that_stops_is_replaced_and_one_that_works_is_not(tmp_path: Path) -> None:
    """Broken: one that hangs would stay for ever, or a healthy one be killed again and again."""
    home = Home(tmp_path / "home")
    home.create()
    others = [f"{name}: exec sleep 600" for name in PROGRAMS if name != "reconciler"]
    (tmp_path / "Procfile").write_text("\n".join([*others, f"reconciler: {BEATING}"]))
    beats = tmp_path / "beats"
    variables = {"SLIPWAY_HOME": str(home.root), "PYTHONPATH": str(ROOT), MARK: tmp_path.name}
    log = tmp_path / "supervisor.log"
    with log.open("wb") as output:
        supervisor = subprocess.Popen(
            [sys.executable, "-c", IMPATIENT],
            cwd=tmp_path,
            env={**os.environ, **variables},
            start_new_session=True,
            stdout=output,
        )

    def beats_of(pid: int) -> int:
        """Return how many heartbeats this process has left."""
        return beats.read_text().split().count(str(pid)) if beats.exists() else 0

    try:
        until(lambda: "reconciler" in pids(home))
        first = pids(home)["reconciler"]
        until(lambda: beats_of(first) >= 50)
        assert pids(home)["reconciler"] == first
        os.kill(first, signal.SIGSTOP)
        until(lambda: pids(home).get("reconciler", first) != first)
        second = pids(home)["reconciler"]
        until(lambda: beats_of(second) >= 1)
        assert f"process {first}, left no heartbeat" in log.read_text()
    finally:
        supervisor.terminate()
        supervisor.wait()
        stop_sessions(read_records(home.stack), grace_seconds=1)


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
