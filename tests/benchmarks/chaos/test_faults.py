"""Faults strike what they say, and what passes is undone."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psutil
import pytest

from benchmarks.chaos.faults import locked, strike
from benchmarks.chaos.schedule import Fault, How


@pytest.fixture
def victim() -> Iterator[subprocess.Popen[bytes]]:
    """Give a process to be struck."""
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"]) as process:
        yield process
        process.kill()


@pytest.mark.integration
def test_a_kill_kills(victim: subprocess.Popen[bytes]) -> None:
    """A campaign would say that it had struck, and nothing was."""
    assert strike(Fault("worker", How.KILL, 0), victim.pid)
    assert victim.wait() == -signal.SIGKILL


@pytest.mark.integration
def test_what_is_stopped_goes_on_afterwards(victim: subprocess.Popen[bytes]) -> None:
    """What a campaign stops for ever would be held against the product."""
    assert strike(Fault("worker", How.STOP, 0, hold_seconds=0.01), victim.pid)
    assert psutil.Process(victim.pid).status() != psutil.STATUS_STOPPED


@pytest.mark.integration
def test_what_has_ended_is_not_struck() -> None:
    """A fault would count that met nobody."""
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait()
    assert not strike(Fault("worker", How.KILL, 0), process.pid)


def test_nobody_writes_to_a_database_that_is_locked(tmp_path: Path) -> None:
    """A lock that locks nothing out would be survived by everybody."""
    database = tmp_path / "a.db"
    with closing(sqlite3.connect(database, timeout=0)) as connection:
        connection.execute("create table t (n integer)")
        with locked(database), pytest.raises(sqlite3.OperationalError, match="locked"):
            connection.execute("insert into t values (1)")
        connection.execute("insert into t values (1)")
