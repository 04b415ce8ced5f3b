"""Helpers that run a supervisor over a Procfile of sleeping processes."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from stack.environment import MARK
from stack.record import (
    is_alive,
    read_record,
    read_records,
    stop_sessions,
)
from tasks.home import PROGRAMS, Home

ROOT = Path(__file__).parents[2]
WORKER = 'worker: sleep 600 & echo "worker $$"; exec sleep 600'
OTHERS = "\n".join(f"{name}: exec sleep 600" for name in PROGRAMS if name != "worker")


def until(holds: Callable[[], bool]) -> None:
    """Wait for an effect."""
    deadline = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(0.02)


_IMPATIENT = """
from stack import heartbeat
from stack.supervisor import answers, main
answers.EVERY_SECONDS, heartbeat.MIN_SECONDS, heartbeat.MAX_PERIODS = 0.1, 3.0, 0
main.main()
"""


def impatient_supervisor(home: Home, log: Path, **settings: str) -> subprocess.Popen[bytes]:
    """Start a supervisor, in the folder of ``home``, that replaces who is silent for 3 seconds."""
    folder = home.root.parent
    variables = {"SLIPWAY_HOME": str(home.root), "PYTHONPATH": str(ROOT), MARK: folder.name}
    with log.open("wb") as output:
        return subprocess.Popen(
            [sys.executable, "-c", _IMPATIENT],
            cwd=folder,
            env={**os.environ, **variables, **settings},
            start_new_session=True,
            stdout=output,
        )


@pytest.fixture
def supervised(tmp_path: Path) -> Iterator[tuple[Home, subprocess.Popen[bytes]]]:
    """A supervisor over a Procfile of sleepers; the worker has a child, like a flow run."""
    home = Home(tmp_path / "home")
    home.create()
    (tmp_path / "Procfile").write_text(f"{WORKER}\n{OTHERS}\n")
    supervisor = subprocess.Popen(
        [sys.executable, "-m", "stack.supervisor.main"],
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


def pids(home: Home) -> dict[str, int]:
    """Return the process of each part."""
    records = {name: read_record(home.record(name)) for name in PROGRAMS}
    return {name: record.pid for name, record in records.items() if record and is_alive(record)}
