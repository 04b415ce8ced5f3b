"""Exclusive locks on files and folders, taken at once or not at all.

The kernel frees a lock when the last copy of its descriptor is closed, thus at the latest when its
holder dies. A lock that is waited for, or shared, is taken where it is needed.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

FILE = os.O_RDWR | os.O_CREAT
FOLDER = os.O_RDONLY | os.O_DIRECTORY
"""How the lock is opened: a file is created for its owner alone, a folder has to be there."""


def take(lock: int | IO[Any]) -> bool:
    """Take the lock of an open file unless another holds it; tell whether it was taken."""
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@contextmanager
def unless_held(path: Path, flags: int = FILE) -> Iterator[int | None]:
    """Give the descriptor of the lock at ``path``, held until it is closed; None if another has it.

    A process that inherits the descriptor holds the lock as well.
    """
    descriptor = os.open(path, flags, 0o600)
    try:
        yield descriptor if take(descriptor) else None
    finally:
        os.close(descriptor)
