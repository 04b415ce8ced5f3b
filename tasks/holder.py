"""Names the run that holds a lock or a record for which another run waits.

The holder of a lock writes its name into the lock file; the holder of a record is a process.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from typing import IO

import psutil

from blocks.providers.process.identity import ProcessIdentity, is_alive
from tasks.run_process import run_id_of

NOBODY_KNOWN = "another run"
"""The name of a holder that has written nothing."""
_MAX_BYTES = 500
_RUN: ContextVar[str] = ContextVar("run", default="")


@contextmanager
def acting_as(run: str) -> Iterator[None]:
    """Let code inside hold locks in the name of ``run``."""
    token = _RUN.set(run)
    try:
        yield
    finally:
        _RUN.reset(token)


def acting() -> str:
    """Return the name of the run that is executed here."""
    return _RUN.get() or NOBODY_KNOWN


def run_of(owner: str) -> str:
    """Return the run that the process of ``owner`` executes."""
    try:
        identity = ProcessIdentity.decode(owner)
        run_id = is_alive(identity) and run_id_of(psutil.Process(identity.pid))
    except (ValueError, psutil.Error, OSError):
        run_id = ""
    return f"the flow run {run_id}" if run_id else NOBODY_KNOWN


@contextmanager
def signed(lock: IO[str]) -> Iterator[None]:
    """Write the name of the current run into the file of a lock for as long as the lock is held.

    On a full disk the lock is held without a name.
    """
    _write(lock, _RUN.get())
    try:
        yield
    finally:
        _write(lock, "")


def holder_of(lock: IO[str]) -> str:
    """Return the name of the run that holds the lock of that file."""
    content = os.pread(lock.fileno(), _MAX_BYTES, 0)
    return content.decode(errors="replace") or NOBODY_KNOWN


def _write(lock: IO[str], name: str) -> None:
    with suppress(OSError):
        os.ftruncate(lock.fileno(), 0)
        os.pwrite(lock.fileno(), name.encode(errors="replace")[:_MAX_BYTES], 0)
