"""The room that is left below the home: told before it is gone, and a reserve kept for records."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from blocks.file_system import mount_of
from flows.stack.reserve import FULL_BYTES, MIB, Reserve, free_bytes
from tasks.ledger.connection import Ledger
from tasks.ledger.insights import ROOM, RaisedInsight, open_insights, write_insights

LOW_BYTES = 1024 * MIB
LOW_SHARE = 0.1
"""Low is what is below both: a large disk has a gigabyte left, a small one a tenth."""


def low_room(folder: Path) -> str:
    """Return a sentence where the file system of ``folder`` has little room left; else nothing."""
    room = os.statvfs(folder)
    free, total = room.f_bavail * room.f_frsize, room.f_blocks * room.f_frsize
    if not is_low(free, total):
        return ""
    return (
        f"Little room is left on the file system at {mount_of(folder)}: {free / MIB:.0f} of "
        f"{total / MIB:.0f} MiB. Make room there, or enlarge it: without any, builds, backups and "
        "databases fail."
    )


def is_low(free: int, total: int) -> bool:
    """Tell whether ``free`` of ``total`` bytes is so little that somebody should know."""
    return free < min(LOW_BYTES, LOW_SHARE * total)


class Room:
    """Keeps the reserve, gives it up when the disk is full, and raises an insight before that."""

    def __init__(self, ledger: Ledger, home: Path, reserve: Reserve) -> None:
        self._ledger, self._home, self._reserve = ledger, home, reserve
        self._told = False

    def __call__(self, now: float) -> Iterator[str]:
        """Look once; yield what has changed."""
        if free_bytes(self._home) < FULL_BYTES:
            if self._reserve.give_up():
                yield "the disk is full: the reserve is given up for records"
        elif self._reserve.keep():
            yield f"a reserve of {self._reserve.size // MIB} MiB is kept for records"
        sentence = low_room(self._home)
        if sentence and not self._told:
            yield sentence
        elif self._told and not sentence:
            yield "there is room again"
        self._told = bool(sentence)
        self._settle(sentence, now)

    def _settle(self, sentence: str, now: float) -> None:
        """Raise the insight, or close it; one that is open stays as it was raised."""
        key = str(self._home)
        known = [row for row in open_insights(self._ledger) if (row.kind, row.key) == (ROOM, key)]
        if sentence and not known:
            raised = RaisedInsight(ROOM, key, "warning", "", sentence, now, now, now)
            write_insights(self._ledger, [raised])
        elif known and not sentence:
            write_insights(self._ledger, [replace(known[0], seen_at=now, closed_at=now)])
