"""What a resident part has to write down, on a disk that may be full.

What finds no room is written as soon as there is some; until then the reserve is given up for it,
and nobody ends over it.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from stack.disk_reserve import Reserve, is_no_room

SAME_FAULT_SECONDS = 60.0
MOST_TOLD = 100


class Bookkeeping:
    """Does what touches the disk, tells what went wrong, and tries again.

    Args:
        reserve: Given up when the disk is full.
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
        self._told: dict[str, float] = {}

    def write(self, subject: str, act: Callable[[], object]) -> None:
        """Have ``act`` write what is to be known of ``subject``, now or later.

        What is written of the same subject meanwhile takes its place.
        """
        self._unwritten[subject] = act
        self._attempt(subject)

    def forget(self, subject: str) -> None:
        """Write nothing more of ``subject``."""
        self._unwritten.pop(subject, None)

    def catch_up(self) -> None:
        """Write what found no room before."""
        for subject in list(self._unwritten):
            self._attempt(subject)

    def endure(self, what: str, act: Callable[[], object]) -> bool:
        """Do ``act``; where the system refuses it, tell, and return False."""
        try:
            act()
        except OSError as error:
            self._tell(f"{what}: {error}")
            if is_no_room(error) and self._reserve.give_up():
                self._say("the disk is full: the reserve is given up for records")
            return False
        return True

    def _attempt(self, subject: str) -> None:
        act = self._unwritten[subject]
        if self.endure(f"{subject} is not written down yet", act):
            del self._unwritten[subject]

    def _tell(self, sentence: str) -> None:
        now = self._clock()
        if now - self._told.get(sentence, -SAME_FAULT_SECONDS) >= SAME_FAULT_SECONDS:
            self._told = (
                {**self._told, sentence: now} if len(self._told) < MOST_TOLD else {sentence: now}
            )
            self._say(sentence)
