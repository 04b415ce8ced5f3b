"""One process of restic: its output read to the end, its password given, its end where unwanted."""

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
    """Return what ``consume`` makes of the output.

    The process does not outlive a failure of ``consume``, and is ended once ``cancelled`` says so.
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
    """Look now and then, beside what is inside, whether it is still wanted; reading it blocks."""
    read = threading.Event()

    def watch() -> None:
        """End the process when nobody wants it any more."""
        while not read.wait(_LOOK_SECONDS):
            if cancelled():
                process.kill()
                return

    watcher = threading.Thread(target=copy_context().run, args=(watch,), daemon=True)
    watcher.start()
    try:
        yield
    finally:
        read.set()
        watcher.join()


@contextmanager
def password_pipe(password: str) -> Iterator[int]:
    """Give a file descriptor that the password can be read from, once."""
    reading, writing = os.pipe()
    try:
        os.write(writing, password.encode() + b"\n")
        os.close(writing)
        yield reading
    finally:
        os.close(reading)
