"""Who holds what another one waits for, as people know it: which run.

The holder of a lock writes its name into the file of it; that of a record is its process.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from typing import IO

import psutil

from blocks.providers.process.identity import ProcessIdentity, is_alive

NOBODY_KNOWN = "another run"
"""What a holder is called that has written nothing."""
_MOST_BYTES = 500
_RUN_ID = "PREFECT__FLOW_RUN_ID"
"""Where Prefect tells a process which flow run it executes."""
_RUN: ContextVar[str] = ContextVar("run", default="")


@contextmanager
def acting_as(run: str) -> Iterator[None]:
    """Have what is done inside hold locks in the name of ``run``."""
    token = _RUN.set(run)
    try:
        yield
    finally:
        _RUN.reset(token)


def acting() -> str:
    """Return in whose name this acts."""
    return _RUN.get() or NOBODY_KNOWN


def run_of(owner: str) -> str:
    """Return which run the process is that ``owner`` encodes, by what its environment says."""
    try:
        identity = ProcessIdentity.decode(owner)
        run_id = is_alive(identity) and psutil.Process(identity.pid).environ().get(_RUN_ID)
    except (ValueError, psutil.Error, OSError):
        run_id = ""
    return f"the flow run {run_id}" if run_id else NOBODY_KNOWN


@contextmanager
def signed(lock: IO[str]) -> Iterator[None]:
    """Have the name of who acts stand in the file of a lock that is held, for as long as it is.

    A full disk keeps nobody from holding a lock: it is one without a name then.
    """
    _write(lock, _RUN.get())
    try:
        yield
    finally:
        _write(lock, "")


def holder_of(lock: IO[str]) -> str:
    """Return who holds the lock of that file."""
    written = os.pread(lock.fileno(), _MOST_BYTES, 0)
    return written.decode(errors="replace") or NOBODY_KNOWN


def _write(lock: IO[str], name: str) -> None:
    with suppress(OSError):
        os.ftruncate(lock.fileno(), 0)
        os.pwrite(lock.fileno(), name.encode(errors="replace")[:_MOST_BYTES], 0)
