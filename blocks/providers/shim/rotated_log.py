"""A log that never grows past its bound; standard library only, as the shim writes it."""

from __future__ import annotations

import os


class RotatedLog:
    """Appends bytes to ``path``; when it is full it becomes ``path.1``, and so on.

    At most ``files`` files of ``limit_bytes`` each are kept. What cannot be written (a full disk)
    is counted in ``dropped_bytes``, so that the run goes on.
    """

    def __init__(self, path: str, limit_bytes: int, files: int) -> None:
        self.path, self.limit_bytes, self.files = path, max(1, limit_bytes), max(1, files)
        self.dropped_bytes = 0
        self._descriptor = self._open()

    def write(self, data: bytes) -> None:
        """Append ``data``, over several files when it is long."""
        while data:
            if self._size >= self.limit_bytes:
                self._rotate()
            piece = data[: self.limit_bytes - self._size]
            data = data[len(piece) :]
            self._append(piece)

    def close(self) -> None:
        """Give the file back."""
        os.close(self._descriptor)

    def _append(self, piece: bytes) -> None:
        try:
            written = os.write(self._descriptor, piece)
        except OSError:
            written = 0
        self._size += len(piece)
        self.dropped_bytes += len(piece) - written

    def _open(self) -> int:
        descriptor = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self._size = os.fstat(descriptor).st_size
        return descriptor

    def _rotate(self) -> None:
        os.close(self._descriptor)
        for number in range(self.files - 1, 0, -1):
            newer = f"{self.path}.{number - 1}" if number > 1 else self.path
            if os.path.exists(newer):
                os.replace(newer, f"{self.path}.{number}")
        if self.files == 1 and os.path.exists(self.path):
            os.unlink(self.path)
        self._descriptor = self._open()
