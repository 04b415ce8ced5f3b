"""Locks on the use of a project: shared by runs that serve it, exclusive if one forgets it."""

from __future__ import annotations

import os
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from blocks import file_lock
from tasks.errors import BusyError
from tasks.holder import holder_of, signed

_PATIENCE_SECONDS = 2.0
"""How long a run waits for another that began at the same moment."""
_POLL_SECONDS = 0.02
_FORGETTING = ".forgetting"


@contextmanager
def in_use(home: Path, project: str) -> Iterator[None]:
    """Use the project, beside other runs that do.

    Raises:
        BusyError: It is being forgotten; the message says by which run.
    """
    folder = _folder(home)
    with _own_lock(folder / f"{project}.{uuid.uuid4().hex}"):
        if forgetter := _holder(folder / f"{project}{_FORGETTING}"):
            raise BusyError(
                f"{project} is being forgotten by {forgetter}. Wait for its end, then configure it "
                "again."
            )
        _user(folder, project)  # removes the locks of dead processes
        yield


@contextmanager
def unused(home: Path, project: str) -> Iterator[None]:
    """Keep all other runs from using the project.

    Raises:
        BusyError: It is used, or being forgotten already; the message says by which run.
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
    """Hold the lock at ``path``, and remove it afterwards; it is free when this process dies.

    Raises:
        BusyError: Another process has held it for a while.
    """
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while True:
        with path.open("a+") as lock:
            # Another run may remove a file that is not locked yet as the lock of a dead process.
            if file_lock.take(lock) and _is_at(path, lock):
                try:
                    with signed(lock):
                        yield
                finally:
                    path.unlink(missing_ok=True)
                return
            if time.monotonic() > deadline:
                raise BusyError(f"{holder_of(lock)} is already doing this. Wait for its end.")
        time.sleep(_POLL_SECONDS)


def _user(folder: Path, project: str) -> str:
    """Return a run that uses the project, empty if none does; remove locks of dead processes."""
    paths = [path for path in folder.glob(f"{project}.*") if not path.name.endswith(_FORGETTING)]
    return next(filter(None, [_holder(path) for path in paths]), "")


def _holder(path: Path) -> str:
    """Return who holds the lock at ``path``; remove it and return nothing where nobody does."""
    try:
        lock = path.open("r+")
    except FileNotFoundError:
        return ""
    with lock:
        if not file_lock.take(lock):
            return holder_of(lock)
        path.unlink(missing_ok=True)
    return ""


def _is_at(path: Path, lock: IO[str]) -> bool:
    try:
        return os.path.samestat(path.stat(), os.fstat(lock.fileno()))
    except FileNotFoundError:
        return False
