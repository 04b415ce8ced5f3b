"""Writes the records of a resident part on a disk that may be full.

A record that finds no room is written as soon as there is some; the reserve is released for it, and
the part goes on running.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from stack.disk_reserve import Reserve, is_no_room

SAME_FAULT_SECONDS = 60.0
MAX_REPORTED = 100


class RecordKeeper:
    """Performs what touches the disk, reports what fails, and tries again.

    Args:
        reserve: Released when the disk is full.
        say: Called with a sentence; the same one at most once a minute.
        clock: Monotonic.
    """

    def __init__(
        self,
        reserve: Reserve,
        say: Callable[[str], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._reserve, self._say, self._clock = reserve, say, clock
        self._unwritten: dict[str, Callable[[], object]] = {}
        self._reported_at: dict[str, float] = {}

    def write(self, subject: str, act: Callable[[], object]) -> None:
        """Have ``act`` write the record of ``subject``, now or later.

        A later write of the same subject replaces one that is still pending.
        """
        self._unwritten[subject] = act
        self._attempt(subject)

    def forget(self, subject: str) -> None:
        """Drop the pending write of ``subject``."""
        self._unwritten.pop(subject, None)

    def catch_up(self) -> None:
        """Try all pending writes again."""
        for subject in list(self._unwritten):
            self._attempt(subject)

    def endure(self, task: str, act: Callable[[], object]) -> bool:
        """Do ``act``; if the system refuses it, report that and return False."""
        try:
            act()
        except OSError as error:
            self._tell(f"{task}: {error}")
            if is_no_room(error) and self._reserve.give_up():
                self._say("the disk is full: the reserve is released for records")
            return False
        return True

    def _attempt(self, subject: str) -> None:
        act = self._unwritten[subject]
        if self.endure(f"{subject} is not recorded yet", act):
            del self._unwritten[subject]

    def _tell(self, sentence: str) -> None:
        now = self._clock()
        if now - self._reported_at.get(sentence, -SAME_FAULT_SECONDS) >= SAME_FAULT_SECONDS:
            self._reported_at = (
                {**self._reported_at, sentence: now}
                if len(self._reported_at) < MAX_REPORTED
                else {sentence: now}
            )
            self._say(sentence)
