"""A folder tree as values: every path with its kind, mode, size and SHA-256.

A path starts with the name of its source: ``data/shop.db``.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from tasks.backup.sources import Source

FILE, FOLDER, LINK, DATABASE = "file", "folder", "link", "database"
_SQLITE = b"SQLite format 3\x00"
_SETTLED_NS = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Entry:
    """One path of a tree; ``digest`` is the SHA-256 of a file, the target of a link.

    ``modified_ns``, ``changed_ns`` and ``inode`` are those before the file was read: a file that
    still bears them is taken to be the same.
    """

    path: str
    kind: str
    mode: int
    size: int = 0
    digest: str = ""
    modified_ns: int = 0
    changed_ns: int = 0
    inode: int = 0

    def same_stamp(self, other: Entry) -> bool:
        """Tell whether nobody has touched the file between the two looks at it."""
        return _stamp(self) == _stamp(other)


@dataclass(frozen=True, slots=True)
class Tree:
    """What was found; ``databases`` are the paths of SQLite files, which are not read."""

    entries: tuple[Entry, ...]
    databases: tuple[str, ...]
    unreadable: tuple[str, ...]


def scan(
    sources: Sequence[Source],
    known: Mapping[str, Entry],
    read_at: float = 0.0,
    *,
    read_databases: bool = False,
) -> Tree:
    """Read ``sources``; a file that is as it was in ``known`` (read at ``read_at``) is not.

    Databases are listed, and read like any file only where ``read_databases`` says so. A file changed less than a second before ``read_at`` is read again: its clock may have been
    too coarse to show a later change.
    """
    settled = int(read_at * 1e9) - _SETTLED_NS
    entries, databases, unreadable = [], [], []
    for path, place in walk(sources):
        try:
            entry = _look(path, place, known.get(path), settled)
        except FileNotFoundError:
            continue
        except OSError:
            unreadable.append(place)
            continue
        if entry is not None and entry.kind == DATABASE:
            databases.append(path)
            content = digest_file(Path(place)) if read_databases else ""
            entry = replace(entry, kind=FILE, digest=content)
        entries.extend([entry] if entry else [])
    return Tree(tuple(entries), tuple(databases), tuple(unreadable))


def walk(sources: Sequence[Source]) -> Iterator[tuple[str, str]]:
    """Yield every path below ``sources`` and where it is; links are not followed."""
    for source in sources:
        yield source.name, str(source.path)
        for folder, folders, files in os.walk(source.path):
            below = os.path.relpath(folder, source.path)
            prefix = source.name if below == "." else f"{source.name}/{below}"
            for name in (*folders, *files):
                yield f"{prefix}/{name}", f"{folder}/{name}"


def holds_database(place: Path) -> bool:
    """Tell by its header, not its name, whether ``place`` is an SQLite database, and no link."""
    try:
        if not stat.S_ISREG(place.lstat().st_mode):
            return False
        with place.open("rb") as file:
            return file.read(len(_SQLITE)) == _SQLITE
    except FileNotFoundError:
        return False


def digest_file(place: Path) -> str:
    """Return the SHA-256 of a file, in hex."""
    with place.open("rb", buffering=0) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _digest_unless_database(place: str) -> str:
    """Return the SHA-256 of a file; an empty text for an SQLite database."""
    descriptor = os.open(place, os.O_RDONLY | os.O_NOFOLLOW)
    with os.fdopen(descriptor, "rb", buffering=0) as file:
        if file.read(len(_SQLITE)) == _SQLITE:
            return ""
        file.seek(0)
        return hashlib.file_digest(file, "sha256").hexdigest()


def _look(path: str, place: str, before: Entry | None, settled: int) -> Entry | None:
    """Return the entry of one path; None for a socket and the like."""
    status = os.lstat(place)
    mode = stat.S_IMODE(status.st_mode)
    if stat.S_ISDIR(status.st_mode):
        if not os.access(place, os.R_OK | os.X_OK):
            raise PermissionError(place)
        return Entry(path, FOLDER, mode)
    if stat.S_ISLNK(status.st_mode):
        return Entry(path, LINK, 0, digest=str(Path(place).readlink()))
    if not stat.S_ISREG(status.st_mode):
        return None
    stamp = (status.st_mtime_ns, status.st_ctime_ns, status.st_ino)
    entry = Entry(path, FILE, mode, status.st_size, "", *stamp)
    if before and before.digest and before.same_stamp(entry) and entry.changed_ns < settled:
        return replace(entry, digest=before.digest)
    content = _digest_unless_database(place)
    return replace(entry, digest=content, kind=FILE if content else DATABASE)


def _stamp(entry: Entry) -> tuple[str, int, int, int, int]:
    return entry.kind, entry.size, entry.modified_ns, entry.changed_ns, entry.inode
