"""Locks that keep a release on disk while a process needs it; the kernel frees them at its end."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from blocks import file_lock

_HELD: Final[dict[Path, int]] = {}


def hold(folder: Path) -> bool:
    """Keep ``folder`` from being pruned until this process ends; False if it is gone."""
    if folder in _HELD:
        return folder.is_dir()
    try:
        descriptor = os.open(folder, file_lock.FOLDER)
    except FileNotFoundError:
        return False
    # Many processes may need a release: this one is shared, and is waited for.
    fcntl.flock(descriptor, fcntl.LOCK_SH)
    # The holder of the exclusive lock renames the folder before it removes it.
    if not folder.is_dir() or not os.path.samestat(os.fstat(descriptor), folder.stat()):
        os.close(descriptor)
        return False
    _HELD[folder] = descriptor
    return True


def let_go(folder: Path) -> None:
    """Hold ``folder`` no longer."""
    if (descriptor := _HELD.pop(folder, None)) is not None:
        os.close(descriptor)


@contextmanager
def held_by_nobody(folder: Path) -> Iterator[bool]:
    """Tell whether nobody holds ``folder``, or it is gone; meanwhile nobody can hold it."""
    try:
        descriptor = os.open(folder, file_lock.FOLDER)
    except FileNotFoundError:
        yield True
        return
    try:
        yield file_lock.take(descriptor)
    finally:
        os.close(descriptor)
