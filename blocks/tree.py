"""Walks, makes, copies and moves trees of folders of any depth, without recursion.

In Python 3.11 `os.walk`, `shutil.copytree` and `Path.mkdir(parents=True)` call themselves for every
level: folders that are nested a thousand deep, which any program can leave behind, end them with a
RecursionError. The module `removal` removes trees.
"""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Callable, Iterator
from itertools import chain
from pathlib import Path

from blocks.removal import remove


def walk(
    top: str | Path, onerror: Callable[[OSError], object] | None = None
) -> Iterator[tuple[str, list[str], list[str]]]:
    """Yield what a top-down `os.walk` does: a folder, the names of folders in it, and of the rest.

    Folders whose names are removed from the list are not entered; links never are. A folder that
    cannot be listed, e.g. since its path is longer than the system allows, goes to ``onerror``.
    """
    waiting = [os.fspath(top)]
    while waiting:
        folder = waiting.pop()
        try:
            folders, files = _listed(folder)
        except OSError as error:
            if onerror is not None:
                onerror(error)
            continue
        yield folder, folders, files
        places = [os.path.join(folder, name) for name in reversed(folders)]  # noqa: PTH118 - hot
        waiting += [place for place in places if not os.path.islink(place)]  # noqa: PTH114 - hot


def raise_error(error: OSError) -> None:
    """Make `walk` end at the first folder that it cannot list."""
    raise error


def make(folder: Path, mode: int = 0o777) -> None:
    """Create ``folder`` with ``mode``, and its missing parents; it may exist already.

    Raises:
        OSError: It cannot be created, e.g. as a file is in its place.
    """
    missing: list[Path] = []
    for place in chain((folder,), folder.parents):
        if place.is_dir():
            break
        missing.append(place)
    for place in reversed(missing):
        place.mkdir(mode if place == folder else 0o777, exist_ok=True)


def copy(source: Path, target: Path) -> None:
    """Copy the folder ``source`` to ``target``: links stay links, times and modes are kept.

    Raises:
        OSError: A file cannot be copied; those after it are not copied.
    """
    copied: list[tuple[str, str]] = []
    for folder, folders, files in walk(source, raise_error):
        place = f"{target}{folder.removeprefix(str(source))}"
        make(Path(place))
        copied.append((folder, place))
        linked = [name for name in folders if Path(folder, name).is_symlink()]
        for name in (*files, *linked):
            shutil.copy2(f"{folder}/{name}", f"{place}/{name}", follow_symlinks=False)
    for folder, place in reversed(copied):  # the inner first: writing changes the times of a folder
        shutil.copystat(folder, place)


def move(source: Path, target: Path) -> None:
    """Move the folder ``source`` to ``target``, which must not exist, also across file systems.

    Raises:
        OSError: It cannot be moved; if it was copied already, both exist.
    """
    try:
        source.rename(target)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        copy(source, target)
        remove(source)


def _listed(folder: str) -> tuple[list[str], list[str]]:
    """Return the names in ``folder``: of folders and links to them, and of the rest."""
    folders: list[str] = []
    files: list[str] = []
    with os.scandir(folder) as entries:
        for entry in entries:
            try:
                is_folder = entry.is_dir()
            except OSError:
                is_folder = False
            (folders if is_folder else files).append(entry.name)
    return folders, files
