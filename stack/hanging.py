"""Whether a part hangs: a signal has stopped it, or it leaves no sign of life any more."""

from __future__ import annotations

import psutil

from stack.heartbeat import LONGEST_LOOK_SECONDS, Heartbeat

STOPPED_SECONDS = 5.0
"""After so long somebody who has stopped a part by a signal is taken to have forgotten it."""


class Hanging:
    """Watches one part, whatever process it is.

    Args:
        heartbeat: What it leaves while it works; None for one that leaves nothing.
        longest_look_seconds: What one look counts at most.
    """

    def __init__(
        self, heartbeat: Heartbeat | None, longest_look_seconds: float = LONGEST_LOOK_SECONDS
    ) -> None:
        self._heartbeat, self._longest_look = heartbeat, longest_look_seconds
        self._stopped_pid, self._looked_at, self._stopped_seconds = 0, 0.0, 0.0

    def reason(self, pid: int, now: float) -> str:
        """Look once, at the monotonic time ``now``; return why it has to be replaced, if it has."""
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
    """Tell whether a signal has stopped that process: it hears no other one but SIGKILL."""
    try:
        return psutil.Process(pid).status() == psutil.STATUS_STOPPED
    except psutil.Error:
        return False
