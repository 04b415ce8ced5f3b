"""File locks between processes of this machine; the kernel frees one when its holder dies."""

from __future__ import annotations

import fcntl
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from blocks import file_lock
from tasks.holder import holder_of, signed
from tasks.narration import doing, tell

_WORTH_A_WORD_SECONDS = 1.0
_POLL_SECONDS = 0.02


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Wait until nobody else holds the lock at ``path``, and hold it."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with path.open("a+") as lock:
        if not file_lock.take(lock):
            waiting = f"waiting for {holder_of(lock)}, which holds {path}"
            with doing(waiting):
                if not _is_got_soon(lock.fileno()):
                    tell(f"{waiting[0].upper()}{waiting[1:]}")
                    fcntl.flock(lock, fcntl.LOCK_EX)
        with signed(lock):
            yield


def _is_got_soon(descriptor: int) -> bool:
    """Tell whether the lock was freed and taken before the wait is worth a message."""
    deadline = time.monotonic() + _WORTH_A_WORD_SECONDS
    while time.monotonic() < deadline:
        if file_lock.take(descriptor):
            return True
        time.sleep(_POLL_SECONDS)
    return False


@contextmanager
def try_lock(path: Path) -> Iterator[bool]:
    """Tell whether nobody holds the lock at ``path``; where nobody does, hold it."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with file_lock.unless_held(path) as lock:
        yield lock is not None


def environment_locked(home: Path, project: str, environment: str) -> AbstractContextManager[None]:
    """Hold the lock on starting, routing and stopping there; wait until it is free."""
    return locked(environment_lock_file(home, project, environment))


def environment_lock_file(home: Path, project: str, environment: str) -> Path:
    """Return the file of that lock."""
    return home / "instances" / f".{project}-{environment}.lock"
