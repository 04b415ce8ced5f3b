"""A folder as a source: its files are copied as they stand; in a working tree, those Git has."""

from __future__ import annotations

import errno
import os
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from blocks import tree
from tasks.launch.sources.checkout import TOOL_FOLDERS, files_of, is_checkout, resolve_pointers

_COMPILED = ".pyc"
_BLOCK_BYTES = 512
_CHUNK_BYTES = 1 << 20


def copy(field: str, folder: Path, target: Path) -> None:
    """Copy the files of the source in ``folder`` to the new folder ``target``.

    Raises:
        BadInputError: It is, or has in it, a working tree that Git refuses to read.
        PermissionError: A file cannot be read.
    """
    target.mkdir(parents=True, exist_ok=True)
    if is_checkout(field, folder):
        _copy_checkout(field, folder, target)
        return
    for path in _plain(folder):
        if path.is_dir() and not path.is_symlink():
            _copy_checkout(field, path, target / path.relative_to(folder))
        else:
            _copy_file(path, target / path.relative_to(folder))


def _copy_checkout(field: str, folder: Path, target: Path) -> None:
    names = files_of(field, folder)
    target.mkdir(parents=True, exist_ok=True)
    for name in names:
        _copy_file(folder / name, target / name)
    resolve_pointers(field, folder, target, names)


def _plain(folder: Path) -> Iterator[Path]:
    """Yield every file below ``folder``, and every folder that is a working tree of its own."""
    for root, folders, files in tree.walk(folder, tree.raise_error):
        here = Path(root)
        yield from (here / name for name in files if not name.endswith(_COMPILED))
        for name in folders[:]:
            path = here / name
            if name in TOOL_FOLDERS or path.is_symlink() or os.path.lexists(path / ".git"):
                folders.remove(name)
                if name not in TOOL_FOLDERS:
                    yield path


def _copy_file(path: Path, target: Path) -> None:
    """Copy a file or a link; anything else (a socket, a pipe) is not part of a source."""
    status = path.lstat()
    kind = stat.S_IFMT(status.st_mode)
    if kind not in {stat.S_IFREG, stat.S_IFLNK}:
        return
    tree.make(target.parent)
    if kind == stat.S_IFREG and status.st_blocks * _BLOCK_BYTES < status.st_size:
        _copy_sparse(path, target, status.st_size)
        shutil.copystat(path, target)
    else:
        shutil.copy2(path, target, follow_symlinks=False)


def _copy_sparse(path: Path, target: Path, size: int) -> None:
    """Copy the written parts of ``path``, and keep its holes."""
    with path.open("rb") as original, target.open("wb") as copied:
        copied.truncate(size)
        for start, end in _written(original, size):
            original.seek(start)
            copied.seek(start)
            while content := original.read(min(_CHUNK_BYTES, end - original.tell())):
                copied.write(content)


def _written(original: BinaryIO, size: int) -> Iterator[tuple[int, int]]:
    """Yield the start and end of each written part of ``original``."""
    end = 0
    while end < size:
        try:
            start = os.lseek(original.fileno(), end, os.SEEK_DATA)
        except OSError as error:
            if error.errno != errno.ENXIO:  # ENXIO: only a hole is left
                raise
            return
        end = os.lseek(original.fileno(), start, os.SEEK_HOLE)
        yield start, end
