"""Reserved disk space below the home, released for records when the disk is full.

A full disk takes no write at all: without the reserve nobody could record which process has ended,
or which has to be started again.
"""

from __future__ import annotations

import errno
import os
from pathlib import Path

from tasks.quantities import MIB_BYTES

RESERVE_BYTES = 8 * MIB_BYTES
FULL_BYTES = MIB_BYTES
"""With less than this the disk counts as full."""
_NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


def is_no_room(error: BaseException) -> bool:
    """Tell whether ``error`` says that a disk, a quota or a limit is full."""
    return isinstance(error, OSError) and error.errno in _NO_ROOM


def free_bytes(folder: Path) -> int:
    """Return how much this user may still write to the file system of ``folder``."""
    room = os.statvfs(folder)
    return room.f_bavail * room.f_frsize


class Reserve:
    """The file at ``path`` that takes ``size`` bytes."""

    def __init__(self, path: Path, size: int = RESERVE_BYTES) -> None:
        self._path, self.size = path, size

    @property
    def kept(self) -> bool:
        """Whether the reserve file exists."""
        return self._path.exists()

    def keep(self) -> bool:
        """Create a missing reserve if as much again stays free; return whether it did."""
        if self.kept or free_bytes(self._path.parent) < 2 * self.size:
            return False
        draft = self._path.with_name(f"{self._path.name}.new")
        try:
            with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT, 0o600), "wb") as file:
                _allocate(file.fileno(), self.size)
            draft.replace(self._path)
        except OSError:  # somebody else was faster
            draft.unlink(missing_ok=True)
            return False
        return True

    def give_up(self) -> bool:
        """Delete the reserve file; return whether there was one."""
        try:
            self._path.unlink()
        except FileNotFoundError:
            return False
        return True


def _allocate(descriptor: int, size: int) -> None:
    if hasattr(os, "posix_fallocate"):
        os.posix_fallocate(descriptor, 0, size)
        return
    for _ in range(0, size, MIB_BYTES):
        os.write(descriptor, b"\0" * min(size, MIB_BYTES))
