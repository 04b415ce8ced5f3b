"""The interface of repositories, and the values that cross it; free of Prefect."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

_NOT_UTF8 = re.compile("[\udc80-\udcff]")


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One completed backup; times are epoch seconds, sizes bytes.

    ``consistent_at`` is the moment whose state every database dump in it has. ``unverified`` are
    databases that could not be dumped and were stored as plain files, ``left_out`` are the files
    that are missing in it: each as `path: reason`.
    """

    id: str
    repository: str
    project: str
    environment: str
    sources: tuple[Path, ...]
    consistent_at: float
    files: int
    total_bytes: int
    added_bytes: int
    seconds: float
    unverified: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Progress:
    """Progress of a backup: ``fraction`` from 0 to 1; ``seconds_left`` is None while unknown."""

    fraction: float
    bytes_done: int = 0
    bytes_total: int = 0
    files_done: int = 0
    seconds_left: float | None = None


@dataclass(frozen=True, slots=True)
class Stored:
    """The result of one backup; ``added_bytes`` is the size of the data new to the repository.

    ``unread`` are the paths, as text, that vanished or could not be read: the snapshot lacks them.
    """

    id: str
    files: int
    total_bytes: int
    added_bytes: int
    seconds: float
    unread: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class StoredSnapshot:
    """A snapshot as the repository lists it; ``taken_at`` is epoch seconds."""

    id: str
    taken_at: float
    paths: tuple[str, ...]
    tags: tuple[str, ...]
    host: str = ""


@dataclass(frozen=True, slots=True)
class StoredEntry:
    """One path of a snapshot, as text; ``kind`` is ``file``, ``dir``, ``symlink`` and the like.

    ``changed_at`` is when it was last made, written, renamed or given rights, in epoch seconds.
    """

    path: str
    kind: str
    size: int = 0
    changed_at: float = 0.0


def as_text(path: str) -> str:
    """Return a path as repositories list it and as it can be shown.

    Each byte of a name that is not UTF-8 becomes U+FFFD; Python holds it as a lone surrogate,
    which nothing but the file system takes.
    """
    return _NOT_UTF8.sub("\ufffd", path)


class Repository(Protocol):
    """Where snapshots live: encrypted and incremental; one implementation a file here.

    Every method may raise a ``RepositoryError``, and a ``MissingProgramError`` where it needs a program.
    """

    @property
    def name(self) -> str:
        """The place in words, without credentials."""
        ...

    @property
    def folder(self) -> Path | None:
        """The local folder it lives in; None when it is elsewhere."""
        ...

    def backup(
        self,
        sources: Sequence[Path],
        exclude: Sequence[Path],
        tags: Sequence[str],
        progress: Callable[[Progress], None],
    ) -> Stored:
        """Store ``sources`` (absolute) without ``exclude``; the repository is made when absent.

        Paths that cannot be read are named in the result, and are missing in the snapshot.
        """
        ...

    def check(self, read_data_subset: str = "") -> None:
        """Prove that it is intact; ``read_data_subset`` (``5%``, ``1/7``) reads data back too."""
        ...

    def snapshots(self, tags: Sequence[str] = ()) -> list[StoredSnapshot]:
        """Return the snapshots that bear all of ``tags``, oldest first."""
        ...

    def entries(self, snapshot_id: str) -> Iterator[StoredEntry]:
        """Yield every path of a snapshot."""
        ...

    def read(self, snapshot_id: str, path: str) -> bytes:
        """Return one file of a snapshot."""
        ...

    def restore(self, snapshot_id: str, target: Path) -> None:
        """Write a snapshot below ``target``, each path in full; sparse where it can do so."""
        ...

    def forget(self, snapshot_ids: Sequence[str]) -> None:
        """Drop snapshots; what they alone held is freed by a later prune."""
        ...
