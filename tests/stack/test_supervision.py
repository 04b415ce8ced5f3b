"""Tests that replace a supervisor that is dead or hangs."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from stack import supervision
from stack.environment import MARK
from stack.lock import exclusive
from stack.record import (
    read_record,
    wait_gone,
)
from stack.supervision import Supervision, keep_supervised
from tasks.home import Home
from tests.stack.sleepers import ROOT, pids, until


@pytest.mark.integration
def test_a_dead_supervisor_is_brought_back(
    supervised: tuple[Home, subprocess.Popen[bytes]], tmp_path: Path
) -> None:
    """Broken: nobody would notice, and the next part that dies would stay down."""
    home, supervisor = supervised
    environment = {**os.environ, "SLIPWAY_HOME": str(home.root), "PYTHONPATH": str(ROOT)}
    watch_over = Supervision(home, tmp_path, {**environment, MARK: tmp_path.name}, 2.0)
    before = pids(home)
    assert watch_over(0.0) == []
    supervisor.kill()
    supervisor.wait()
    with exclusive(home):
        assert watch_over(1.0) == []
    assert "takes over" in watch_over(2.0)[0]
    assert watch_over(3.0) == []
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
    watch_over = Supervision(home, tmp_path, {**environment, MARK: tmp_path.name}, 0.1, 3.0)
    before = pids(home)
    touched = home.supervisor_heartbeat_file.stat().st_mtime_ns
    until(lambda: home.supervisor_heartbeat_file.stat().st_mtime_ns != touched)
    assert watch_over(0.0) == []
    os.kill(supervisor.pid, signal.SIGSTOP)
    sentences: list[str] = []

    def replaced() -> bool:
        """Look again; whoever works for 3 s of looks is left alone."""
        sentences.extend(watch_over(time.monotonic()))
        return bool(sentences)

    until(replaced)
    supervisor.wait()
    assert "left no heartbeat" in sentences[0]
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
    watch_over = Supervision(home, tmp_path, {**environment, MARK: tmp_path.name}, 2.0)
    before = pids(home)
    supervisor.kill()
    supervisor.wait()
    os.kill(before["reconciler"], signal.SIGKILL)
    watch = asyncio.ensure_future(keep_supervised(watch_over, 0.1))
    await asyncio.to_thread(
        until, lambda: pids(home).get("reconciler", before["reconciler"]) != before["reconciler"]
    )
    watch.cancel()
    assert pids(home)["worker"] == before["worker"]
    successor = read_record(home.record("supervisor"))
    assert successor is not None
    os.kill(successor.pid, signal.SIGTERM)
    assert wait_gone(successor, 20)


@pytest.mark.integration
def test_a_supervisor_that_nobody_could_record_is_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Broken: on a full disk a further supervisor is started at each look."""
    home = Home(tmp_path / "home")
    home.create()
    started: list[subprocess.Popen[bytes]] = []

    def begin(*_: object) -> subprocess.Popen[bytes]:
        """Start what stands for a supervisor."""
        started.append(subprocess.Popen(["sleep", "600"]))
        return started[-1]

    def full(*_: object) -> None:
        """Find no room."""
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(supervision, "spawn", begin)
    monkeypatch.setattr(supervision, "write_record", full)
    with pytest.raises(OSError, match="No space left"):
        supervision.start_supervisor(home, tmp_path, {MARK: "m"}, "")
    assert started[0].poll() is not None
