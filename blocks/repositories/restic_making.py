"""Lets one process at a time create a restic repository; inspects the repository's folder."""

from __future__ import annotations

import fcntl
import hashlib
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

_CONFIG = "config"
"""The file that `restic init` writes last, and that every command of restic looks for first."""
_PARTS = frozenset({_CONFIG, "data", "index", "keys", "locks", "snapshots"})


@dataclass(frozen=True, slots=True)
class Contents:
    """The contents of a repository's folder; ``snapshots``: whether it holds any snapshot."""

    names: frozenset[str]
    snapshots: bool = False

    @property
    def whole(self) -> bool:
        """Whether it is a completely created repository."""
        return _CONFIG in self.names

    @property
    def foreign(self) -> bool:
        """Whether it holds a file that no repository has."""
        return not self.names <= _PARTS

    @property
    def problem(self) -> str:
        """What is wrong with the folder."""
        if self.foreign:
            return "the folder is neither empty nor a restic repository"
        return "the folder holds a restic repository without its `config` file"

    @property
    def remedy(self) -> str:
        """What to do about it."""
        if self.foreign:
            return "Give another location, or restore the repository's `config` file."
        if self.snapshots:
            return "Restore that file from a copy of the repository."
        return "Its creation was interrupted and it holds no snapshot: remove it, then back up."


def contents_of(folder: Path | None) -> Contents | None:
    """Return the contents of ``folder``; None if it is empty, or the place is not local."""
    names = frozenset(path.name for path in _children(folder))
    if not folder or not names:
        return None
    return Contents(names, bool(_children(folder / "snapshots")))


def _children(folder: Path | None) -> list[Path]:
    return list(folder.iterdir()) if folder and folder.is_dir() else []


@contextmanager
def making_alone(folder: Path | None, location: str) -> Iterator[None]:
    """Hold the lock of this machine for the creation of that repository.

    A local ``folder`` is created and locked itself. For another ``location``, or if the folder
    cannot be created (restic will say why), a temporary file of this user is locked instead.
    """
    descriptor = _opened(folder, location)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)  # another maker is waited for
        yield
    finally:
        os.close(descriptor)


def _opened(folder: Path | None, location: str) -> int:
    if folder is not None:
        with suppress(OSError):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            return os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    place = hashlib.sha256(location.encode()).hexdigest()[:16]
    path = Path(tempfile.gettempdir()) / f"slipway-making-{os.getuid()}-{place}"
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
