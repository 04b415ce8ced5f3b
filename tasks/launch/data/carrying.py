"""Data inside a project's own folder: kept in the data folder, linked into every tree.

The next release replaces the one that a service runs in, but not the data named here. A file that
is moved stays the same file (one inode): a process that has it open goes on writing to it. So a
database may be moved while it is in use.
"""

from __future__ import annotations

import errno
import os
import shutil
import sqlite3
import stat
import tempfile
from collections.abc import Sequence
from contextlib import closing, suppress
from pathlib import Path, PurePosixPath

from blocks import tree
from blocks.removal import remove
from tasks.errors import BadInputError, SlipwayError

KEPT = "source"
"""The subfolder of the data folder for what is carried over, named like a release's source."""
SQLITE = b"SQLite format 3\x00"
_SIDE_SUFFIXES = ("-wal", "-shm")
_BUSY_SECONDS = 10.0


class CarryError(SlipwayError):
    """Data of a release cannot be carried over; nothing was started."""


def carried_paths(project: str, data: Sequence[str]) -> tuple[str, ...]:
    """Return the paths of ``ProjectSpec.data`` that lie inside the project's own folder.

    Raises:
        BadInputError: One leaves that folder, is all of it, or lies inside another.
    """
    field = f"projects.{project}.data"
    paths: list[str] = []
    for entry in data:
        if entry.startswith(("/", "~")):
            continue
        path = PurePosixPath(entry)
        if ".." in path.parts or not path.parts:
            problem = "is not inside the project's folder" if path.parts else "is all of the folder"
            raise BadInputError(
                field, entry, problem, "Name a file or folder in it, or a full path"
            )
        paths.append(str(path))
    for inner in paths:
        outer = [other for other in paths if PurePosixPath(other) in PurePosixPath(inner).parents]
        if outer:
            raise BadInputError(field, inner, f"lies inside {outer[0]}", "Name only one of them")
    return tuple(dict.fromkeys(paths))


def carry(
    source: Path, kept_folder: Path, paths: Sequence[str], *, leads: bool = False
) -> list[str]:
    """Have ``paths`` of the tree ``source`` be links to what is kept below ``kept_folder``.

    A path that is not kept yet is moved there from this tree, so the tree whose data counts comes
    first. Later, a file of the tree that ``leads`` replaces the kept one where it is newer, as
    programs that write a new file and rename it put that in the place of the link.

    Returns:
        The paths of this tree that hold data of their own, and are left as they are.

    Raises:
        CarryError: A database is locked for long, or the data folder cannot be written.
    """
    conflicting = []
    for path in paths:
        try:
            if not _carry_path(source / path, kept_folder / path, leads=leads):
                conflicting.append(path)
        except (OSError, sqlite3.Error) as error:
            raise CarryError(
                f"`data`: {path} of {source} cannot be moved to {kept_folder / path} ({error}). "
                "End what locks it, or make room, and try again."
            ) from error
    return conflicting


def link_afresh(source: Path, kept_folder: Path, paths: Sequence[str], *, used: bool) -> None:
    """Have ``paths`` of a tree in which nothing runs be links to what is kept.

    A path that is not kept yet is seeded from the tree. A path that is kept replaces the one in
    the tree, which is put aside under another name where the tree was ``used`` before.
    """
    for path in paths:
        place, kept_path = source / path, kept_folder / path
        if (
            os.path.lexists(kept_path)
            and os.path.lexists(place)
            and not _leads_to(place, kept_path)
        ):
            _make_way(place, aside=used)
    carry(source, kept_folder, paths)


def is_database(place: Path) -> bool:
    """Tell by its header whether a file, and no link to one, is an SQLite database."""
    try:
        if not stat.S_ISREG(place.lstat().st_mode):
            return False
        with place.open("rb") as file:
            return file.read(len(SQLITE)) == SQLITE
    except OSError:
        return False


def _carry_path(place: Path, kept_path: Path, *, leads: bool) -> bool:
    """Make ``place`` a link to ``kept_path``; False if it holds data of its own."""
    if _leads_to(place, kept_path):
        _forget_logs(place, kept_path)
        return True
    tree.make(kept_path.parent, 0o700)
    tree.make(place.parent)
    if not os.path.lexists(place):
        if not os.path.lexists(kept_path) and not kept_path.suffix:
            kept_path.mkdir(mode=0o700)  # a name without a suffix is that of a folder
        place.symlink_to(_link_target(place, kept_path))
        return True
    if place.is_symlink():
        raise OSError(errno.EINVAL, "it is a symbolic link of the project's own")
    if os.path.lexists(kept_path) and not (leads and _is_newer_file(place, kept_path)):
        return False
    if is_database(place):
        _move_database(place, kept_path)
    elif place.is_dir():
        tree.move(place, kept_path)
        place.symlink_to(_link_target(place, kept_path))
    else:
        _move_file(place, kept_path)
    return True


def _leads_to(place: Path, kept_path: Path) -> bool:
    return place.is_symlink() and place.readlink() == _link_target(place, kept_path)


def _link_target(place: Path, kept_path: Path) -> Path:
    """Return the target of a link at ``place``: relative, so that Slipway's home can be moved."""
    return Path(os.path.relpath(kept_path, place.parent))


def _is_newer_file(place: Path, kept_path: Path) -> bool:
    """Tell whether a plain file, but no database, was written after the kept one."""
    status, kept_status = place.lstat(), kept_path.lstat()
    plain = stat.S_ISREG(status.st_mode) and stat.S_ISREG(kept_status.st_mode)
    return plain and status.st_mtime_ns >= kept_status.st_mtime_ns and not is_database(place)


def _move_database(place: Path, kept_path: Path) -> None:
    """Move a database with its log while other processes use it: between two of their writes."""
    with closing(sqlite3.connect(place, timeout=_BUSY_SECONDS, isolation_level=None)) as database:
        with suppress(sqlite3.DatabaseError):  # one that only looks like a database is a file
            _begin(database)
        # Logs keep both names: another process may be opening one by the old name.
        for side in _SIDE_SUFFIXES:
            log, kept_log = Path(f"{place}{side}"), Path(f"{kept_path}{side}")
            if log.exists():
                kept_log.unlink(missing_ok=True)
                _same_file(log, kept_log)
        _move_file(place, kept_path)


def _begin(database: sqlite3.Connection) -> None:
    """Lock the database for writing.

    Raises:
        OSError: Another process keeps it locked for long.
    """
    try:
        database.execute("BEGIN IMMEDIATE")
    except sqlite3.OperationalError as error:
        if "locked" in str(error):
            raise OSError(errno.EBUSY, str(error)) from error
        raise


def _move_file(place: Path, kept_path: Path) -> None:
    """Move a file (the same inode) to ``kept_path`` and leave a link, with no gap in time."""
    draft = _draft_beside(kept_path)
    _same_file(place, draft)
    draft.replace(kept_path)
    link = _draft_beside(place)
    link.symlink_to(_link_target(place, kept_path))
    link.replace(place)


def _same_file(place: Path, other: Path) -> None:
    """Give a file a second name; a copy where that is on another file system."""
    try:
        other.hardlink_to(place)
    except OSError as error:
        if error.errno not in {errno.EXDEV, errno.EPERM, errno.EMLINK}:
            raise
        shutil.copy2(place, other, follow_symlinks=False)


def _forget_logs(place: Path, kept_path: Path) -> None:
    """Remove the old names of a moved database's logs once they are no longer its logs."""
    for side in _SIDE_SUFFIXES:
        log, kept_log = Path(f"{place}{side}"), Path(f"{kept_path}{side}")
        if log.is_file() and not (kept_log.is_file() and log.samefile(kept_log)):
            log.unlink()


def _draft_beside(place: Path) -> Path:
    """Return a free name in the folder of ``place``."""
    return Path(tempfile.mktemp(prefix=f".{place.name[:100]}.", dir=place.parent))  # noqa: S306


def _make_way(place: Path, *, aside: bool) -> None:
    """Remove a file, a database with its log, or a folder; or put it ``aside``."""
    number = next(
        candidate
        for candidate in range(1, 1000)
        if not os.path.lexists(f"{place}.apart-{candidate}")
    )
    for side in ("", *_SIDE_SUFFIXES, "-journal"):
        path = Path(f"{place}{side}")
        if not os.path.lexists(path):
            continue
        if aside:
            path.rename(f"{place}.apart-{number}{side}")
        elif path.is_dir() and not path.is_symlink():
            remove(path)
        else:
            path.unlink()
