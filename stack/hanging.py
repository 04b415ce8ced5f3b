"""Detects a part that hangs: a signal has stopped it, or its heartbeat has stopped."""

from __future__ import annotations

import psutil

from stack.heartbeat import MAX_LOOK_SECONDS, Heartbeat

STOPPED_SECONDS = 5.0
"""A part that a signal has stopped for this long counts as hanging."""


class HangDetector:
    """Watches one part, whichever process runs it.

    Args:
        heartbeat: The heartbeat of the part; None for a part that has none.
        max_look_seconds: The most that one look adds to the silent time.
    """

    def __init__(
        self, heartbeat: Heartbeat | None, max_look_seconds: float = MAX_LOOK_SECONDS
    ) -> None:
        self._heartbeat, self._longest_look = heartbeat, max_look_seconds
        self._stopped_pid, self._looked_at, self._stopped_seconds = 0, 0.0, 0.0

    def reason(self, pid: int, now: float) -> str:
        """Look once, at the monotonic time ``now``; return why to replace the part, or ``""``."""
        stopped = self._was_stopped(pid, now)
        silent = self._heartbeat is not None and self._heartbeat.has_stopped(pid, now)
        if stopped:
            return "was stopped by a signal"
        return "left no heartbeat for too long" if silent else ""

    def _was_stopped(self, pid: int, now: float) -> bool:
        passed, self._looked_at = min(now - self._looked_at, self._longest_look), now
        if not is_stopped(pid):
            self._stopped_pid, self._stopped_seconds = 0, 0.0
        elif pid != self._stopped_pid:
            self._stopped_pid, self._stopped_seconds = pid, 0.0
        else:
            self._stopped_seconds += passed
        return self._stopped_seconds >= STOPPED_SECONDS


def is_stopped(pid: int) -> bool:
    """Tell whether a signal has stopped that process: it then reacts to SIGKILL only."""
    try:
        return psutil.Process(pid).status() == psutil.STATUS_STOPPED
    except psutil.Error:
        return False
