"""Heartbeat files: a process that works touches its file, one that hangs does not."""

from __future__ import annotations

import os
import time
from contextlib import suppress
from pathlib import Path

MIN_SECONDS = 120.0
MAX_PERIODS = 20
SILENT_SECONDS = 15.0
"""After this long `make status` reports a silent supervisor, and `make up` replaces it."""
MAX_LOOK_SECONDS = 1.0
"""The most that one look of the supervisor adds to a silent time.

A supervisor that was stopped itself has not watched anything meanwhile."""


def beat(heartbeat: Path) -> None:
    """Touch the heartbeat file; a full disk prevents this only while the file does not exist yet.

    The file's time is that of the monotonic clock, which all processes of this boot share. Setting
    the time of day back or ahead makes no process look silent, or alive.
    """
    now = time.monotonic_ns()
    try:
        os.utime(heartbeat, ns=(now, now))
    except FileNotFoundError:
        with suppress(OSError):
            heartbeat.touch()
            os.utime(heartbeat, ns=(now, now))
    except OSError:
        return


def silence(heartbeat: Path, now: float) -> float | None:
    """Return the seconds since the last beat, at the monotonic time ``now``.

    None if there was none since the machine started.
    """
    try:
        silent = now - heartbeat.stat().st_mtime
    except FileNotFoundError:
        return None
    return silent if silent >= 0 else None


def is_silent(heartbeat: Path, now: float) -> bool:
    """Tell whether a process that should beat continuously hangs."""
    silent = silence(heartbeat, now)
    return silent is not None and silent > SILENT_SECONDS


def patience(period_seconds: float) -> float:
    """Return for how many seconds a reconciler of this period may be silent."""
    return max(MIN_SECONDS, MAX_PERIODS * period_seconds)


class Heartbeat:
    """The heartbeat of one process after another, watched on a monotonic clock.

    It counts only whether the file's time changes, not its value: a clock jump ends no process.

    Args:
        file: The heartbeat file.
        patience_seconds: How long it may stay untouched.
        max_look_seconds: The most that one look adds to the silent time; at least the time
            between two looks.
        starts_silent: Whether silence counts only after a process's first beat, since nobody knows
            how long it takes to start.
    """

    def __init__(
        self,
        file: Path,
        patience_seconds: float,
        max_look_seconds: float = MAX_LOOK_SECONDS,
        *,
        starts_silent: bool = False,
    ) -> None:
        self._file, self._patience, self._starts_silent = file, patience_seconds, starts_silent
        self._longest_look = max_look_seconds
        self._last: tuple[int, int] | None = None
        self._lives = False
        self._looked_at = 0.0
        self._silent_seconds = 0.0

    def has_stopped(self, pid: int, now: float) -> bool:
        """Look once, at the monotonic time ``now``; after a True, count again from zero."""
        reading = (pid, self._touched_at())
        if reading != self._last:
            self._lives = self._last is not None and self._last[0] == pid
            self._last, self._silent_seconds = reading, 0.0
        elif self._lives or not self._starts_silent:
            self._silent_seconds += min(now - self._looked_at, self._longest_look)
        self._looked_at = now
        if self._silent_seconds < self._patience:
            return False
        self._last = None
        return True

    def _touched_at(self) -> int:
        try:
            return self._file.stat().st_mtime_ns
        except FileNotFoundError:
            return 0
