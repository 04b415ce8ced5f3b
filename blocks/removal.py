"""Removes a folder with all in it, at any depth and for any length of paths.

It holds one folder open at a time. In Python 3.11 `shutil.rmtree` calls itself for every level and
keeps each open: a thousand nested folders end it with a RecursionError, which is not an OSError.
"""

from __future__ import annotations

import errno
import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

_FOLDER = os.O_RDONLY | os.O_DIRECTORY
_OWNER_MAY_ALL = 0o700


def remove(top: Path) -> None:
    """Remove the folder ``top`` with all in it.

    Folders that this user has made read-only are removed too. All that can be removed is removed,
    even if something else cannot be.

    Raises:
        OSError: Something is left; it names the first such path.
    """
    if error := _Removal(top).perform():
        raise error


def discard(top: Path) -> str:
    """Remove what can be removed of the folder ``top``, which need not exist.

    Returns:
        What is left, why, and what to do; empty if nothing is left.
    """
    try:
        remove(top)
    except FileNotFoundError:
        return ""
    except OSError as error:
        return (
            f"{top} cannot be removed: {error.filename}: {error.strerror}. "
            "Let this user remove it, or remove it yourself."
        )
    return ""


@dataclass(frozen=True, slots=True)
class _Level:
    """A folder on the way down, its unique ``identity``, and the folders in it still to remove."""

    name: str
    identity: tuple[int, int]
    folders: list[str]


class _Removal:
    """A removal in progress: one folder is open at a time, reached from the one above it."""

    def __init__(self, top: Path) -> None:
        self._above, self._top = top.absolute().parent, top.name
        self._way: list[_Level] = []
        self._open = -1
        self._error: OSError | None = None

    def perform(self) -> OSError | None:
        """Remove the folder; return the error of the first path that is left."""
        self._open = os.open(self._above, _FOLDER)
        try:
            self._way.append(_Level("", _identity(self._open), [self._top]))
            while self._way[0].folders:
                if self._way[-1].folders:
                    self._descend()
                else:
                    self._ascend()
        except OSError as error:
            self._note(error)
        finally:
            os.close(self._open)
        return self._error

    def _descend(self) -> None:
        """Enter the next folder and remove the files in it; skip a folder that cannot be opened."""
        name = self._way[-1].folders[-1]
        try:
            inner = _opened(name, self._open)
        except OSError as error:
            self._way[-1].folders.pop()
            self._note(error, name)
            return
        os.close(self._open)
        self._open = inner
        level = _Level(name, _identity(inner), [])
        self._way.append(level)
        try:
            level.folders.extend(self._emptied())
        except OSError as error:
            self._note(error)

    def _emptied(self) -> list[str]:
        """Remove the files in the open folder; return the folders in it."""
        folders = []
        with os.scandir(self._open) as entries:
            listed = [(entry.name, entry.is_dir(follow_symlinks=False)) for entry in entries]
        for name, is_folder in listed:
            if is_folder:
                folders.append(name)
                continue
            try:
                os.unlink(name, dir_fd=self._open)
            except OSError as error:
                self._note(error, name)
        return folders

    def _ascend(self) -> None:
        """Go back to the folder above, and remove the one just left.

        Raises:
            OSError: Somebody has moved it elsewhere meanwhile.
        """
        level = self._way[-1]
        outer = os.open("..", _FOLDER, dir_fd=self._open)
        os.close(self._open)
        self._open = outer
        if _identity(outer) != self._way[-2].identity:
            raise OSError(errno.ESTALE, "was moved while it was being removed")
        self._way.pop()
        self._way[-1].folders.pop()
        try:
            os.rmdir(level.name, dir_fd=outer)
        except OSError as error:
            self._note(error, level.name)

    def _note(self, error: OSError, name: str = "") -> None:
        """Keep the first error; a path that is gone is none, unless it is the top itself."""
        is_gone = isinstance(error, FileNotFoundError) and len(self._way) > 1
        if self._error is None and not is_gone:
            between = [level.name for level in self._way if level.name]
            path = os.path.join(self._above, *between, name)  # noqa: PTH118 - of any length
            self._error = OSError(error.errno, error.strerror, path.removesuffix("/"))


def _opened(name: str, above: int) -> int:
    """Open the folder ``name`` and make it writable for its owner; refuse a link."""
    try:
        opened = os.open(name, _FOLDER | os.O_NOFOLLOW, dir_fd=above)
    except PermissionError:
        os.chmod(name, _OWNER_MAY_ALL, dir_fd=above)
        opened = os.open(name, _FOLDER | os.O_NOFOLLOW, dir_fd=above)
    if os.fstat(opened).st_mode & _OWNER_MAY_ALL != _OWNER_MAY_ALL:
        with suppress(OSError):  # another user's folder: its removal may still work, or will fail
            os.fchmod(opened, _OWNER_MAY_ALL)
    return opened


def _identity(descriptor: int) -> tuple[int, int]:
    status = os.fstat(descriptor)
    return status.st_dev, status.st_ino
