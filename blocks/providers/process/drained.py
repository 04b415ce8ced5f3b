"""Pipes of a program that are read and written in threads, so that the program never blocks.

The beginning and the end of its output are kept, however long it is.
"""

from __future__ import annotations

import contextlib
import os
import threading
from io import FileIO

_CHUNK_BYTES = 65_536


def pipe() -> tuple[FileIO, FileIO]:
    """Return the two ends of a new pipe, which no child inherits unless it is handed one."""
    reading, writing = os.pipe()
    return FileIO(reading, "r"), FileIO(writing, "w")


class DrainedPipe:
    """A pipe that is read in a thread; ``end`` is for the program, and must be closed here."""

    def __init__(self, max_bytes: int) -> None:
        self._half = max(max_bytes // 2, 1)
        self._first, self._last, self._size = bytearray(), bytearray(), 0
        self._reading, self.end = pipe()
        self._thread = threading.Thread(target=self._drain, daemon=True)
        self._thread.start()

    @property
    def left_out(self) -> int:
        """The number of bytes in the middle that were not kept."""
        return self._size - len(self._first) - len(self._last)

    def read(self, wait_seconds: float) -> bytes:
        """Return the output, once the pipe ends or ``wait_seconds`` have passed."""
        self._thread.join(wait_seconds)
        left_out = self.left_out
        gap = f"\n[... {left_out} bytes were left out ...]\n".encode() if left_out else b""
        return bytes(self._first) + gap + bytes(self._last)

    def _drain(self) -> None:
        with self._reading:
            while part := self._reading.read(_CHUNK_BYTES):
                self._size += len(part)
                room = self._half - len(self._first)
                self._first += part[:room]
                self._last += part[room:] if room < len(part) else b""
                if len(self._last) > 2 * self._half:
                    del self._last[: -self._half]
        del self._last[: -self._half]


def fed(content: bytes) -> FileIO:
    """Return the end of a pipe that ``content`` can be read from, and then the end of the input."""
    reading, writing = pipe()

    def feed() -> None:
        """Write all of it, or until the reader closes its end."""
        with contextlib.suppress(BrokenPipeError), writing:
            unwritten = memoryview(content)
            while unwritten:
                unwritten = unwritten[writing.write(unwritten) :]

    threading.Thread(target=feed, daemon=True).start()
    return reading
