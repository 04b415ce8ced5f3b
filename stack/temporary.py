"""The temporary folder of a home, used by the stack's parts, flows, builds and services.

Prefect's runner keeps its files in one folder of the system's temporary directory, which belongs
to whichever user of a machine came first. The path of a Unix socket may have about 100 characters,
of which a test suite takes half: a home with a long path gets a short link to the folder.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil

from blocks.removal import discard
from blocks.tree import walk
from tasks.errors import BadInputError

MAX_PATH_LENGTH = 48
"""Characters that the path of the folder may have; a longer one is reached by a link."""
IDLE_SECONDS = 86_400.0
"""A file that was not changed for this long is removed, unless somebody uses it."""
LINKS_FOLDER = Path("/tmp")  # noqa: S108 - only a link lies there, and its owner is checked


def temporary_folder(root: Path) -> Path:
    """Return the path of the temporary folder of the home ``root``."""
    folder = root / "tmp"
    if len(str(folder)) <= MAX_PATH_LENGTH:
        return folder
    digest = hashlib.sha256(os.fsencode(folder)).hexdigest()[:10]
    return LINKS_FOLDER / f"slipway-{os.getuid()}-{digest}"


def make_temporary_folder(root: Path) -> None:
    """Make the temporary folder of the home ``root``, and the link to it where it has one.

    Raises:
        BadInputError: Another user has put something in the place of the link.
    """
    folder, path = root / "tmp", temporary_folder(root)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if path == folder:
        return
    if not path.is_symlink():
        with suppress(FileExistsError):  # looked at below
            path.symlink_to(folder)
    if not path.is_symlink() or path.lstat().st_uid != os.getuid() or path.readlink() != folder:
        remedy = f"Remove it, or choose a SLIPWAY_HOME of at most {MAX_PATH_LENGTH - 4} characters."
        raise BadInputError("SLIPWAY_HOME", str(root), f"{path} is not our link to it", remedy)


def clear_temporary_folder(root: Path, now: float) -> int:
    """Remove files older than a day that no live process uses; return how many there were.

    A process uses a path that it works in, has open, is executed from, or that its command line or
    initial environment names.
    """
    folder = root / "tmp"
    if not folder.is_dir():
        return 0
    idle = [path for path in folder.iterdir() if now - _changed_at(path) > IDLE_SECONDS]
    if not idle:
        return 0
    used = "\0".join(_named_by_processes())
    places = {str(folder), str(temporary_folder(root)), str(folder.resolve())}
    removed = 0
    for path in idle:
        if not any(f"{place}/{path.name}" in used for place in places):
            _remove(path)
            removed += 1
    return removed


def _changed_at(path: Path) -> float:
    """Return when anything in ``path`` was changed last."""
    latest = path.lstat().st_mtime
    for at, folders, files in walk(path):
        for name in (*folders, *files):
            with suppress(FileNotFoundError):
                latest = max(latest, Path(at, name).lstat().st_mtime)
    return latest


def _named_by_processes() -> Iterator[str]:
    """Yield the paths and texts of all processes that this user may look at."""
    for process in psutil.process_iter():
        for look in (_texts, _files):
            with suppress(psutil.Error):  # another user's, or gone
                yield from look(process)


def _texts(process: psutil.Process) -> list[str]:
    return [*process.cmdline(), *process.environ().values(), process.cwd(), process.exe()]


def _files(process: psutil.Process) -> list[str]:
    sockets = process.net_connections("unix")
    return [*(file.path for file in process.open_files()), *(str(each.laddr) for each in sockets)]


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        discard(path)
    else:
        path.unlink(missing_ok=True)


def remove_link(root: Path) -> None:
    """Remove the link to the temporary folder, where the home has one of its own."""
    path = temporary_folder(root)
    if path.is_symlink() and path.lstat().st_uid == os.getuid():
        path.unlink()
