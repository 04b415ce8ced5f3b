"""Handles one process of restic: passes its password, reads its output, and ends it on request."""

from __future__ import annotations

import os
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import copy_context
from typing import IO, TypeVar

_LOOK_SECONDS = 0.2
T = TypeVar("T")


def never() -> bool:
    """Say that nothing is ever cancelled."""
    return False


def consumed(
    process: subprocess.Popen[bytes],
    consume: Callable[[IO[bytes]], T],
    cancelled: Callable[[], bool] = never,
) -> T:
    """Return the result of ``consume`` for the process's output.

    The process does not outlive a failure of ``consume``, and is ended once ``cancelled`` is true.
    """
    if process.stdout is None:
        raise ValueError("the output of restic is not piped")
    with _ended_when(cancelled, process):
        try:
            result = consume(process.stdout)
            process.wait()
        except BaseException:
            process.kill()
            raise
    return result


@contextmanager
def _ended_when(cancelled: Callable[[], bool], process: subprocess.Popen[bytes]) -> Iterator[None]:
    """Poll ``cancelled`` in a thread while the body reads, which blocks; kill ``process`` then."""
    finished = threading.Event()

    def watch() -> None:
        """Kill the process when it is cancelled."""
        while not finished.wait(_LOOK_SECONDS):
            if cancelled():
                process.kill()
                return

    watcher = threading.Thread(target=copy_context().run, args=(watch,), daemon=True)
    watcher.start()
    try:
        yield
    finally:
        finished.set()
        watcher.join()


@contextmanager
def password_pipe(password: str) -> Iterator[int]:
    """Yield a file descriptor from which the password can be read once."""
    reading, writing = os.pipe()
    try:
        os.write(writing, password.encode() + b"\n")
        os.close(writing)
        yield reading
    finally:
        os.close(reading)
