"""Reads files of steps or users safely: only regular files, and a limited size.

Reading a pipe that nobody writes to would wait for ever, and a device may never end.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path

from tasks.errors import SlipwayError

_KINDS = {
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a named pipe (FIFO)",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


class IrregularFileError(SlipwayError):
    """The file at ``path`` is not a regular one, but ``kind``, e.g. `a folder`."""

    def __init__(self, path: Path, kind: str) -> None:
        self.path, self.kind = path, kind
        super().__init__(f"{path} is {kind}, not a regular file")


def read_regular(path: Path, max_bytes: int) -> bytes:
    """Return at most ``max_bytes`` of the regular file at ``path``, links followed.

    Raises:
        IrregularFileError: It is another kind of file, or a link that leads nowhere.
        OSError: It is not there, or may not be read.
    """
    # Most files that are looked for are not there: one call tells that.
    if stat.S_ISLNK(path.lstat().st_mode) and not path.exists():
        raise IrregularFileError(path, "a link that leads nowhere")
    _require_regular(path, path.stat())
    # The path may lead to another file by now.
    with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
        _require_regular(path, os.fstat(file.fileno()))
        return file.read(max_bytes)


def _require_regular(path: Path, status: os.stat_result) -> None:
    kind = stat.S_IFMT(status.st_mode)
    if kind != stat.S_IFREG:
        raise IrregularFileError(path, _KINDS.get(kind, "another kind of file"))
