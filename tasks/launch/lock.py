"""One at a time on this machine; given back by the kernel when its holder dies."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from tasks.narration import doing


@contextmanager
def alone(path: Path) -> Iterator[None]:
    """Wait until nobody else holds the lock at ``path``, and hold it."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with path.open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            with doing(f"waiting for another run, which holds {path}"):
                fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@contextmanager
def unless_taken(path: Path) -> Iterator[bool]:
    """Tell whether nobody holds the lock at ``path``; where nobody does, hold it."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with path.open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True


def place_alone(home: Path, project: str, environment: str) -> AbstractContextManager[None]:
    """Wait until nobody else starts, routes or condemns anything there, and be the one who does."""
    return alone(place_lock(home, project, environment))


def place_lock(home: Path, project: str, environment: str) -> Path:
    """Return the file of that lock."""
    return home / "instances" / f".{project}-{environment}.lock"
