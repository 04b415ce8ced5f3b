"""A value that takes long to find out, kept for a moment: one look serves all who ask meanwhile."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

Value = TypeVar("Value")

FRESH_SECONDS = 1.0
"""When a value is older, the next who asks has it found out again, and does not wait for that."""


class Kept(Generic[Value]):
    """Keeps the last result of ``find``; safe between threads.

    ``clock`` returns the time of a clock that nobody sets.
    """

    def __init__(self, find: Callable[[], Value], clock: Callable[[], float]) -> None:
        self._find, self._clock = find, clock
        self._finding = threading.Lock()
        self._last: tuple[float, Value] | None = None

    def get(self, max_age_seconds: float) -> Value:
        """Return a value that was found out at most so long ago."""
        asked_at = self._clock()
        last = self._last
        if last is not None and asked_at - last[0] <= max_age_seconds:
            if asked_at - last[0] > FRESH_SECONDS:
                threading.Thread(target=self._renew, name="kept", daemon=True).start()
            return last[1]
        with self._finding:
            return self._found_since(asked_at - max_age_seconds)

    def _renew(self) -> None:
        if self._finding.acquire(blocking=False):
            try:
                self._found_since(self._clock())
            finally:
                self._finding.release()

    def _found_since(self, earliest: float) -> Value:
        last = self._last
        if last is None or last[0] < earliest:
            began_at = self._clock()
            self._last = last = (began_at, self._find())
        return last[1]
