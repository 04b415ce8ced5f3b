"""Watches the memory of a process tree cheaply, by polling; standard library only."""

from __future__ import annotations

import time

from blocks.providers.process.process_table import LINUX, below, resident_bytes

_FIRST_SECONDS = 0.1
_START_SECONDS = 0.02
"""Before that it does not look: what has ended by then has told its peak itself."""
_MAX_SECONDS = 20.0
_MAX_LIMITED_SECONDS = 1.0
_NEAR_LIMIT = 0.7
_CPU_SHARE = 0.0001
"""The most of a core that looking may take, except near the limit."""


class TreeMemory:
    """Sums the resident memory of all processes below ``root`` from time to time; only on Linux.

    It looks often at first and near the limit, and seldom when nothing happens. Shared pages count
    once for each process, so the sum is an upper bound.
    """

    def __init__(self, root: int, limit_mib: float | None) -> None:
        self.root, self.limit_mib = root, limit_mib or float("inf")
        self.peak_mib = 0.0
        self.too_big = False
        self._pause, self._due = _FIRST_SECONDS, time.monotonic() + _START_SECONDS

    def due_in(self) -> float | None:
        """Return the seconds until the next look; None if it never looks."""
        return max(0.0, self._due - time.monotonic()) if LINUX else None

    def look(self) -> None:
        """Look, if a look is due."""
        before = time.monotonic()
        if not LINUX or before < self._due:
            return
        used = sum(map(resident_bytes, below(self.root))) / 1024**2
        self.peak_mib = max(self.peak_mib, used)
        self.too_big = used > self.limit_mib
        self._plan(used, time.monotonic(), time.monotonic() - before)

    def _plan(self, used: float, now: float, look_seconds: float) -> None:
        if used > _NEAR_LIMIT * self.limit_mib:
            self._due = now + _FIRST_SECONDS
            return
        limited = self.limit_mib != float("inf")
        longest = _MAX_LIMITED_SECONDS if limited else _MAX_SECONDS
        self._pause = min(longest, self._pause * 1.3)
        self._due = now + max(self._pause, min(longest, look_seconds / _CPU_SHARE))
