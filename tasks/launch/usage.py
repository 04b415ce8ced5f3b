"""A project is used by runs that have it serve, or is forgotten by one: never both at once."""

from __future__ import annotations

import fcntl
import os
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from tasks.errors import BusyError
from tasks.holder import holder_of, signed

_PATIENCE_SECONDS = 2.0
"""Of two who begin at the same moment one gives way by then."""
_POLL_SECONDS = 0.02
_FORGETTING = ".forgetting"


@contextmanager
def in_use(home: Path, project: str) -> Iterator[None]:
    """Use the project, beside others who do.

    Raises:
        BusyError: It is being forgotten; it says by which run.
    """
    folder = _folder(home)
    with _own_lock(folder / f"{project}.{uuid.uuid4().hex}"):
        if forgetter := _holder(folder / f"{project}{_FORGETTING}"):
            raise BusyError(
                f"{project} is being forgotten by {forgetter}. Wait for its end, then configure it "
                "again."
            )
        _user(folder, project)  # what the dead have left goes
        yield


@contextmanager
def unused(home: Path, project: str) -> Iterator[None]:
    """Keep everybody from using the project.

    Raises:
        BusyError: It is used, or being forgotten already; it says by which run.
    """
    folder = _folder(home)
    with _own_lock(folder / f"{project}{_FORGETTING}"):
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while user := _user(folder, project):
            if time.monotonic() > deadline:
                raise BusyError(
                    f"{project} is being used by {user}. Wait for its end, or cancel it, then "
                    "forget the project."
                )
            time.sleep(_POLL_SECONDS)
        yield


def _folder(home: Path) -> Path:
    folder = home / "uses"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


@contextmanager
def _own_lock(path: Path) -> Iterator[None]:
    """Hold the lock at ``path`` for as long as this process lives; afterwards it is gone.

    Raises:
        BusyError: Somebody has held it for a while.
    """
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while True:
        with path.open("a+") as lock:
            # Who looks takes one that is not held yet for what a dead one has left.
            if _is_free(lock) and _is_at(path, lock):
                try:
                    with signed(lock):
                        yield
                finally:
                    path.unlink(missing_ok=True)
                return
            if time.monotonic() > deadline:
                raise BusyError(f"{holder_of(lock)} is at it already. Wait for its end.")
        time.sleep(_POLL_SECONDS)


def _user(folder: Path, project: str) -> str:
    """Return one who uses the project, empty where nobody does; what the dead have left goes."""
    paths = [path for path in folder.glob(f"{project}.*") if not path.name.endswith(_FORGETTING)]
    return next(filter(None, [_holder(path) for path in paths]), "")


def _holder(path: Path) -> str:
    """Return who holds the lock at ``path``, empty where nobody does; a dead one's goes."""
    try:
        lock = path.open("r+")
    except FileNotFoundError:
        return ""
    with lock:
        if not _is_free(lock):
            return holder_of(lock)
        path.unlink(missing_ok=True)
    return ""


def _is_free(lock: IO[str]) -> bool:
    """Tell whether nobody holds the lock; it is held then."""
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _is_at(path: Path, lock: IO[str]) -> bool:
    try:
        return os.path.samestat(path.stat(), os.fstat(lock.fileno()))
    except FileNotFoundError:
        return False
