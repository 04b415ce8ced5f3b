"""A folder tree as values: every path with its kind, mode, size and SHA-256.

A path starts with the name of its source: ``data/shop.db``.
"""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from blocks import tree
from blocks.repositories.interface import as_text
from tasks.backup.sources import Source

FILE = "file"
FOLDER = "folder"
LINK = "link"
DATABASE = "database"
_SQLITE_HEADER = b"SQLite format 3\x00"
_SETTLED_NS = 1_000_000_000
_BLOCK_BYTES = 512
_MAX_PATH_BYTES = 3584
"""The system's limit of 4096 less room for a restore's folder, which precedes the full path."""


@dataclass(frozen=True, slots=True)
class TreeEntry:
    """One path of a tree; ``digest`` is the SHA-256 of a file, the target of a link.

    ``modified_ns``, ``changed_ns`` and ``inode`` were taken before the file was read: a file that
    still has them counts as unchanged. A ``sparse`` file takes less room than its size.
    """

    path: str
    kind: str
    mode: int
    size: int = 0
    digest: str = ""
    modified_ns: int = 0
    changed_ns: int = 0
    inode: int = 0
    sparse: bool = False

    def same_stamp(self, other: TreeEntry) -> bool:
        """Tell whether nobody has touched the file between the two looks at it."""
        return _stamp(self) == _stamp(other)


@dataclass(frozen=True, slots=True)
class Trouble:
    """A path that a snapshot does not hold, or holds unverified, and the reason."""

    path: str
    reason: str

    def __str__(self) -> str:
        return f"{as_text(self.path)}: {self.reason}"


@dataclass(frozen=True, slots=True)
class Tree:
    """A scanned tree; ``databases`` are the paths of SQLite files, which are not read.

    ``left_out`` are the paths that cannot be read, or could never be restored.
    """

    entries: tuple[TreeEntry, ...]
    databases: tuple[str, ...]
    left_out: tuple[Trouble, ...]


def scan(
    sources: Sequence[Source],
    previous: Mapping[str, TreeEntry],
    read_at: float = 0.0,
    *,
    read_databases: bool = False,
    unread: Collection[str] = (),
) -> Tree:
    """Read ``sources``; a file that is as it was in ``previous`` (read at ``read_at``) is not.

    Databases are listed, and read like any file only with ``read_databases``. A file that was
    changed less than a second before ``read_at`` is read again: the clock of its file system may
    be too coarse to show a later change. ``unread`` are full paths, as text, that are known to be
    unreadable.
    """
    settled = int(read_at * 1e9) - _SETTLED_NS
    entries, databases, left_out = [], [], []
    for path, place in walk(sources):
        try:
            _refuse_what_cannot_be_kept(place, unread)
            entry = _look(path, place, previous.get(path), settled)
        except FileNotFoundError:
            continue
        except OSError as error:
            left_out.append(Trouble(path, error.strerror or str(error)))
            continue
        if entry is not None and entry.kind == DATABASE:
            databases.append(path)
            content = digest_file(Path(place)) if read_databases else ""
            entry = replace(entry, kind=FILE, digest=content)
        entries.extend([entry] if entry else [])
    return Tree(tuple(entries), tuple(databases), tuple(left_out))


def walk(sources: Sequence[Source]) -> Iterator[tuple[str, str]]:
    """Yield every path below ``sources`` and where it is; links are not followed."""
    for source in sources:
        yield source.name, str(source.path)
        for folder, folders, files in tree.walk(source.path):
            prefix = f"{source.name}{folder.removeprefix(str(source.path))}"
            for name in (*folders, *files):
                yield f"{prefix}/{name}", f"{folder}/{name}"


def holds_database(place: Path) -> bool:
    """Tell by its header, not its name, whether ``place`` is an SQLite database and no link."""
    try:
        if not stat.S_ISREG(place.lstat().st_mode):
            return False
        with place.open("rb") as file:
            return file.read(len(_SQLITE_HEADER)) == _SQLITE_HEADER
    except OSError:
        return False


def digest_file(place: Path) -> str:
    """Return the SHA-256 of a file, in hex."""
    with place.open("rb", buffering=0) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _refuse_what_cannot_be_kept(place: str, unread: Collection[str]) -> None:
    """Raise OSError for a path that cannot be read, or that no restore could write elsewhere."""
    if as_text(place) in unread:
        raise OSError(errno.EACCES, "cannot be read")
    if len(os.fsencode(place)) > _MAX_PATH_BYTES:
        problem = f"its path is longer than {_MAX_PATH_BYTES} bytes, too long for a restore"
        raise OSError(errno.ENAMETOOLONG, problem)
    mode = os.lstat(place).st_mode
    if stat.S_ISBLK(mode) or stat.S_ISCHR(mode):
        raise OSError(errno.EINVAL, "is a device, which only root can make")


def _digest_unless_database(place: str) -> str:
    """Return the SHA-256 of a file; an empty text for an SQLite database."""
    descriptor = os.open(place, os.O_RDONLY | os.O_NOFOLLOW)
    with os.fdopen(descriptor, "rb", buffering=0) as file:
        if file.read(len(_SQLITE_HEADER)) == _SQLITE_HEADER:
            return ""
        file.seek(0)
        return hashlib.file_digest(file, "sha256").hexdigest()


def _look(path: str, place: str, previous: TreeEntry | None, settled: int) -> TreeEntry | None:
    """Return the entry of one path; None for a socket and the like."""
    status = os.lstat(place)
    mode = stat.S_IMODE(status.st_mode)
    if stat.S_ISDIR(status.st_mode):
        if not os.access(place, os.R_OK | os.X_OK):
            raise PermissionError(errno.EACCES, "cannot be read")
        return TreeEntry(path, FOLDER, mode)
    if stat.S_ISLNK(status.st_mode):
        return TreeEntry(path, LINK, 0, digest=str(Path(place).readlink()))
    if not stat.S_ISREG(status.st_mode):
        return None
    stamp = (status.st_mtime_ns, status.st_ctime_ns, status.st_ino)
    sparse = status.st_blocks * _BLOCK_BYTES < status.st_size
    entry = TreeEntry(path, FILE, mode, status.st_size, "", *stamp, sparse)
    if previous and previous.digest and previous.same_stamp(entry) and entry.changed_ns < settled:
        return replace(entry, digest=previous.digest)
    content = _digest_unless_database(place)
    return replace(entry, digest=content, kind=FILE if content else DATABASE)


def _stamp(entry: TreeEntry) -> tuple[str, int, int, int, int]:
    return entry.kind, entry.size, entry.modified_ns, entry.changed_ns, entry.inode
