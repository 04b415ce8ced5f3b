"""The faults of a campaign: kills, pauses, locked databases, full disks; each pause is undone."""

from __future__ import annotations

import os
import signal
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import psutil

from benchmarks.chaos.schedule import Fault, How

_BALLAST = "ballast"
_CHUNK_BYTES = 1 << 20


def strike(fault: Fault, pid: int) -> bool:
    """Kill a process, or stop and continue it; tell whether it was there."""
    try:
        victim = psutil.Process(pid)
        if fault.how is not How.STOP:
            victim.send_signal(signal.SIGKILL)
            return True
        victim.send_signal(signal.SIGSTOP)
    except psutil.Error:
        return False
    try:
        time.sleep(fault.hold_seconds)
    finally:
        _go_on(victim)
    return True


def _go_on(victim: psutil.Process) -> None:
    try:
        victim.send_signal(signal.SIGCONT)
    except psutil.Error:
        return  # it was killed meanwhile


@contextmanager
def locked(database: Path) -> Iterator[None]:
    """Hold the write lock of a SQLite database."""
    with closing(sqlite3.connect(database, timeout=30, isolation_level=None)) as connection:
        connection.execute("begin immediate")
        yield
        connection.execute("rollback")


@contextmanager
def filled(folder: Path) -> Iterator[None]:
    """Fill the file system of ``folder`` completely."""
    ballast = folder / _BALLAST
    try:
        with ballast.open("wb", buffering=0) as file:
            _fill(file.fileno())
        yield
    finally:
        ballast.unlink(missing_ok=True)


def _fill(descriptor: int) -> None:
    size = _CHUNK_BYTES
    while size:
        try:
            os.write(descriptor, b"\0" * size)
        except OSError:
            size //= 2
