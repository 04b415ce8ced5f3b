"""What runs of a stack is found, whatever has become of its records."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from flows.stack.down import stop_stack
from flows.stack.environment import MARK
from flows.stack.home import Home
from flows.stack.recollection import recollect
from flows.stack.record import read_record, read_records

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
        "supervisor": start("flows.stack.supervisor", **ours),
        "server": start("flows.stack.server", **ours),
        "router": start("run", **{MARK: "mark", "XDG_DATA_HOME": str(home.root / "router")}),
        "a flow run": start("flows.stack.engine", **ours),
        "another's": start("flows.stack.server", **{**ours, "SLIPWAY_HOME": str(tmp_path)}),
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
    assert recollect(home) == 3
    assert recollect(home) == 0
    records = {record.program: record.pid for record in read_records(home.stack)}
    ours = ("supervisor", "server", "router")
    assert records == {name: started[name].pid for name in ours}
    supervisor = read_record(home.record("supervisor"))
    assert supervisor is not None
    assert supervisor.mark == "mark"
    stop_stack(home)
    assert all(started[name].wait(timeout=10) for name in ours)
    assert started["another's"].poll() is None
