"""Files that a service has written into its own tree, which the next release would not have."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from blocks.tree import walk
from tasks.launch.data.carrying import is_database

_PARTS = ("source", "env")
_BEGUN = ".begun"
_PASSING_FOLDERS = frozenset(
    {
        "__pycache__",
        ".cache",
        "cache",
        ".pytest_cache",
        ".mypy_cache",
        ".ruff_cache",
        ".parcel-cache",
        ".turbo",
        ".git",
        "log",
        "logs",
        "tmp",
    }
)
_PASSING_FILES = re.compile(
    r"\.(pyc|pyo|pid|sock|lock|tmp|swp)$|\.log(\.\d+)?$|^\.lock$|~$|^nohup\.out$|^\.coverage$"
)
_DATABASE_SIDES = re.compile(r"-(wal|shm|journal)$")
_PATHS_SHOWN = 3


@dataclass(frozen=True, slots=True)
class WrittenTree:
    """A tree of the release ``digest``, and the paths in it that were written, e.g. `source/db`."""

    digest: str
    tree: Path
    paths: tuple[str, ...]


def begin(tree: Path) -> None:
    """Mark that services start in ``tree``: files made before are made again in the next tree."""
    with suppress(FileExistsError):
        (tree / _BEGUN).touch(exist_ok=False)


def look(tree: Path, pristine: Path) -> Iterator[str | None]:
    """Compare ``tree`` with the release it was copied from, by name, size and time.

    Caches, logs, locks, sockets and links are skipped, as no data is lost with them. Files made
    before services started, e.g. collected static files, are skipped too, unless one is a database.

    Yields:
        One value for each file, so that the caller can pause: the path of a file that is new or
        changed, None for an unchanged one.
    """
    marker = tree / _BEGUN
    since = marker.stat().st_mtime_ns if marker.exists() else 0
    for part in _PARTS:
        for folder, folders, files in walk(tree / part):
            folders[:] = sorted(set(folders) - _PASSING_FOLDERS)
            inside = os.path.relpath(folder, tree)
            original = os.path.join(pristine, inside)  # noqa: PTH118 - for every file there is
            for name in sorted(files):
                is_written = _is_written(name, folder, original, since)
                yield f"{inside}/{name}" if is_written else None


def written(tree: Path, pristine: Path) -> tuple[str, ...]:
    """Return the paths of ``tree`` that were written since it was copied from ``pristine``."""
    return tuple(path for path in look(tree, pristine) if path is not None)


def to_name(paths: Sequence[str], in_release: Collection[str] = ()) -> list[str]:
    """Return the paths to name under `data`, so that ``paths`` are carried over.

    A folder that has several of them, and that the release itself does not have (``in_release``),
    is named instead of its files.
    """
    inner = [path.removeprefix("source/") for path in paths if path.startswith("source/")]
    files = list(dict.fromkeys(_DATABASE_SIDES.sub("", path) for path in inner))
    named: dict[str, None] = {}
    for path in files:
        top, _, below = path.partition("/")
        is_own_folder = (
            below
            and top not in in_release
            and sum(other.startswith(f"{top}/") for other in files) > 1
        )
        named[top if is_own_folder else path] = None
    return list(named)


def sentence(project: str, environment: str, paths: Sequence[str]) -> str:
    """Return a sentence that a project writes into its own release, and what to do about it."""
    listed = ", ".join(paths[:_PATHS_SHOWN])
    more = f" and {len(paths) - _PATHS_SHOWN} more" if paths[_PATHS_SHOWN:] else ""
    names = to_name(paths)
    setting = (
        f"`data: [{', '.join(names[:_PATHS_SHOWN])}{', ...' if names[_PATHS_SHOWN:] else ''}]`"
    )
    remedy = (
        f"If that is data, write {setting} under projects.{project} in slipway.yaml and run "
        "`configure`: then it is kept, carried over and backed up. If it is none, write "
        "`stateless: true`."
        if names
        else "Have it written to {{ data }} instead."
    )
    return (
        f"{project} writes into its own release in {environment}, which the next version will not "
        f"have: {listed}{more}. {remedy}"
    )


def _is_written(name: str, folder: str, original: str, since: int) -> bool:
    """Tell whether ``folder/name`` differs from ``original/name``; text paths, for speed."""
    if _PASSING_FILES.search(name) or _is_log_of_a_link(name, folder):
        return False
    try:
        status = os.lstat(f"{folder}/{name}")
    except OSError:
        return False
    if not stat.S_ISREG(status.st_mode):
        return False
    with suppress(OSError):
        former = os.lstat(f"{original}/{name}")
        if (status.st_size, status.st_mtime_ns) == (former.st_size, former.st_mtime_ns):
            return False
    return status.st_mtime_ns >= since or is_database(Path(folder, name))


def _is_log_of_a_link(name: str, folder: str) -> bool:
    """Tell whether it is the log of a moved database under its old name."""
    base = _DATABASE_SIDES.sub("", name)
    return base != name and Path(folder, base).is_symlink()
