"""The duties of the reconciler, each at its own pace, whatever becomes of the others."""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

SAME_FAULT_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Duty:
    """One thing to do again and again; ``act`` gets the time and says what it changed.

    ``clock`` is that of day where the time is compared with what is recorded, and monotonic where
    only intervals count.
    """

    name: str
    every_seconds: float
    act: Callable[[float], Iterable[str]]
    clock: Callable[[], float] = time.time


class Rounds:
    """Does each duty when it is due; a failing one is reported and tried again.

    ``beat`` is called after each: a round may be long although nothing hangs. What is due is
    counted on a monotonic clock, so that one which is set back stops nothing.
    """

    def __init__(
        self,
        duties: Sequence[Duty],
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

    def _report(self, name: str, error: Exception, now: float) -> None:
        """Say what went wrong; the same fault again only once a minute."""
        fault, last = self._faults.get(name, ("", now))
        if fault == repr(error) and now < last + SAME_FAULT_SECONDS:
            return
        self._faults[name] = (repr(error), now)
        self._say(f"{name} failed: {''.join(traceback.format_exception(error)).rstrip()}")
