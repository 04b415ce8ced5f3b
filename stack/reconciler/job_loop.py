"""The duties of the reconciler, each at its own pace, whatever becomes of the others.

Those of one lane follow each other; lanes go on side by side. A server that does not answer, or a
ledger that is locked, so keeps nobody but those who ask it.
"""

from __future__ import annotations

import threading
import time
import traceback
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

SAME_FAULT_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class PeriodicJob:
    """One thing to do again and again; ``act`` gets the time and says what it changed.

    ``clock`` is that of day where the time is compared with what is recorded, and monotonic where
    only intervals count.
    """

    name: str
    every_seconds: float
    act: Callable[[float], Iterable[str]]
    clock: Callable[[], float] = time.time


class JobLoop:
    """Does each duty when it is due; a failing one is reported and tried again.

    ``beat`` is called after each: a round may be long although nothing hangs. What is due is
    counted on a monotonic clock, so that one which is set back stops nothing.
    """

    def __init__(
        self,
        duties: Sequence[PeriodicJob],
        say: Callable[[str], None],
        beat: Callable[[], None] = lambda: None,
    ) -> None:
        self._duties, self._say, self._beat = duties, say, beat
        self._due: dict[str, float] = {}
        self._faults: dict[str, tuple[str, float]] = {}

    def go(self, now: float) -> None:
        """Do every duty that is due at the monotonic time ``now``."""
        for duty in self._duties:
            if now < self._due.get(duty.name, now):
                continue
            self._due[duty.name] = now + duty.every_seconds
            try:
                for sentence in duty.act(duty.clock()):
                    self._say(f"{duty.name}: {sentence}")
            except Exception as error:  # noqa: BLE001 - one duty's failure must not end the others
                self._report(duty.name, error, now)
            self._beat()

    def keep_going(
        self, stopping: threading.Event, pause_seconds: float, may_act: Callable[[], bool]
    ) -> None:
        """Go round after round, and beat, until ``stopping``; while it may not act it only beats."""
        while not stopping.is_set():
            if may_act():
                self.go(time.monotonic())
            else:
                self._beat()
            stopping.wait(pause_seconds)

    def _report(self, name: str, error: Exception, now: float) -> None:
        """Say what went wrong; the same fault again only once a minute."""
        fault, last = self._faults.get(name, ("", now))
        if fault == repr(error) and now < last + SAME_FAULT_SECONDS:
            return
        self._faults[name] = (repr(error), now)
        self._say(f"{name} failed: {''.join(traceback.format_exception(error)).rstrip()}")


class JointBeat:
    """Beats for several lanes: once each of them has left a sign of life since the last beat.

    One that hangs is so not covered by the others.
    """

    def __init__(self, lanes: int, beat: Callable[[], None]) -> None:
        self._lanes, self._beat = lanes, beat
        self._alive: set[str] = set()
        self._turn = threading.Lock()

    def of(self, lane: str) -> None:
        """Note that ``lane`` lives."""
        with self._turn:
            self._alive.add(lane)
            if len(self._alive) < self._lanes:
                return
            self._alive.clear()
        self._beat()
