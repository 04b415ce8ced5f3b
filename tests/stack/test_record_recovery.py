"""Tests of processes of the stack whose record was lost."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from blocks import durable_file
from stack.down import stop_stack
from stack.environment import MARK
from stack.record import read_record, read_records
from stack.record_recovery import recollect
from tasks.home import Home

SLEEP = "import time; time.sleep(600)"


def start(module: str, **variables: str) -> subprocess.Popen[bytes]:
    """Start what looks like a part of a stack."""
    argv = [sys.executable, "-c", SLEEP, module]
    return subprocess.Popen(argv, env={**os.environ, **variables}, start_new_session=True)


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[tuple[Home, dict[str, subprocess.Popen[bytes]]]]:
    """Give a home without records, its parts, and a part of another home."""
    home = Home(tmp_path / "home")
    home.create()
    ours = {MARK: "mark", "SLIPWAY_HOME": str(home.root)}
    started = {
        "supervisor": start("stack.supervisor.main", **ours),
        "server": start("stack.server.main", **ours),
        "reads": start("stack.reads.main", **ours),
        "register": start("stack.registration.register", **ours),
        "router": start("run", **{MARK: "mark", "XDG_DATA_HOME": str(home.root / "router")}),
        "a flow run": start("stack.worker.engine", **ours),
        "another's": start("stack.server.main", **{**ours, "SLIPWAY_HOME": str(tmp_path)}),
    }
    yield home, started
    for process in started.values():
        process.kill()
        process.wait()


@pytest.mark.integration
def test_parts_without_a_record_are_ended_by_make_down(
    stack: tuple[Home, dict[str, subprocess.Popen[bytes]]],
) -> None:
    """Broken: nothing is to be stopped, it says, and all parts run on."""
    home, started = stack
    home.record("server").write_text('{"program": "serv')
    assert recollect(home) == 4
    assert recollect(home) == 0
    records = {record.program: record.pid for record in read_records(home.stack)}
    ours = ("supervisor", "server", "reads", "router")
    assert records == {name: started[name].pid for name in ours}
    supervisor = read_record(home.record("supervisor"))
    assert supervisor is not None
    assert supervisor.mark == "mark"
    stop_stack(home)
    assert all(started[name].wait(timeout=10) for name in ours)
    assert started["register"].wait(timeout=10)
    assert started["another's"].poll() is None


@pytest.mark.integration
def test_parts_are_ended_without_a_record_of_them(
    stack: tuple[Home, dict[str, subprocess.Popen[bytes]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Broken: on a full disk `make down` ends in a stack trace, and everything runs on."""
    home, started = stack

    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(durable_file, "write", refuse)
    stop_stack(home)
    ours = ("supervisor", "server", "reads", "register", "router")
    assert all(started[name].wait(timeout=10) for name in ours)
    assert started["another's"].poll() is None
