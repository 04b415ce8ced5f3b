"""The making of a restic repository: one maker at a time on this machine, and what a folder holds."""

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
"""What `restic init` writes last, and every command of restic looks for first."""
_PARTS = frozenset({_CONFIG, "data", "index", "keys", "locks", "snapshots"})


@dataclass(frozen=True, slots=True)
class Contents:
    """What there is in a folder that is to be a repository; ``snapshots``: whether any is."""

    names: frozenset[str]
    snapshots: bool = False

    @property
    def whole(self) -> bool:
        """Whether it is a repository that was made to its end."""
        return _CONFIG in self.names

    @property
    def foreign(self) -> bool:
        """Whether something lies there that no repository has."""
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
        return "Its making was interrupted, and it holds no snapshot: remove it, and back up again."


def contents_of(folder: Path | None) -> Contents | None:
    """Return what ``folder`` holds; None where that is nothing, or the place is no local one."""
    names = frozenset(path.name for path in _children(folder))
    if not folder or not names:
        return None
    return Contents(names, bool(_children(folder / "snapshots")))


def _children(folder: Path | None) -> list[Path]:
    return list(folder.iterdir()) if folder and folder.is_dir() else []


@contextmanager
def making_alone(folder: Path | None, location: str) -> Iterator[None]:
    """Wait until no other process of this machine makes that repository, and be the one who may.

    A local ``folder`` is made, and locked itself. For another ``location``, and where it cannot be
    made (restic will say why), a file of this user's is, among the temporary ones.
    """
    descriptor = _opened(folder, location)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
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
