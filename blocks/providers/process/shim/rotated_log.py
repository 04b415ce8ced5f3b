"""A rotated log of bounded size; standard library only, as the shim writes it."""

from __future__ import annotations

import os


class RotatedLog:
    """Appends bytes to ``path``; when it is full it becomes ``path.1``, and so on.

    At most ``files`` files of ``limit_bytes`` each are kept. Output that cannot be written (a full
    disk) is counted in ``dropped_bytes``, and the run goes on; writing resumes when there is room.
    """

    def __init__(self, path: str, limit_bytes: int, files: int) -> None:
        self.path, self.limit_bytes, self.files = path, max(1, limit_bytes), max(1, files)
        self.dropped_bytes = 0
        self._descriptor = self._open()

    def write(self, data: bytes) -> None:
        """Append ``data``, over several files when it is long."""
        while data:
            if self._descriptor is None or self._size >= self.limit_bytes:
                self._rotate()
            room = self.limit_bytes - self._size
            piece = data[: room if room > 0 else self.limit_bytes]
            data = data[len(piece) :]
            self._append(piece)

    def close(self) -> None:
        """Close the file."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def _append(self, piece: bytes) -> None:
        written = 0
        if self._descriptor is not None:
            try:
                written = os.write(self._descriptor, piece)
            except OSError:
                written = 0
        self._size += written
        self.dropped_bytes += len(piece) - written

    def _open(self) -> int | None:
        """Open the file; None if there is no room for one."""
        self._size = 0
        try:
            descriptor = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        except OSError:
            return None
        self._size = os.fstat(descriptor).st_size
        return descriptor

    def _rotate(self) -> None:
        """Begin a new file; if that fails, the next write tries again."""
        self.close()
        if self._full():
            self._move_aside()
        self._descriptor = self._open()

    def _full(self) -> bool:
        try:
            return os.stat(self.path).st_size >= self.limit_bytes
        except OSError:
            return False

    def _move_aside(self) -> None:
        try:
            for number in range(self.files - 1, 0, -1):
                newer = f"{self.path}.{number - 1}" if number > 1 else self.path
                if os.path.exists(newer):
                    os.replace(newer, f"{self.path}.{number}")
            if self.files == 1 and os.path.exists(self.path):
                os.unlink(self.path)
        except OSError:  # the log grows past its bound until it can be moved
            return
