"""Watches the free disk space below the home: warns before it is gone, and keeps a reserve."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

from stack.disk_reserve import FULL_BYTES, Reserve, free_bytes
from tasks.events import Event, insight_closed, insight_raised
from tasks.ledger.connection import Ledger
from tasks.ledger.insights import ROOM, RaisedInsight, open_insights, write_insights
from tasks.observe.disk_space import low_room
from tasks.quantities import MIB_BYTES


class DiskSpaceWatcher:
    """Keeps the reserve, releases it when the disk is full, and raises an insight before that.

    ``announce`` gets the events.
    """

    def __init__(
        self,
        ledger: Ledger,
        home: Path,
        reserve: Reserve,
        announce: Callable[[Event], None] = lambda _event: None,
    ) -> None:
        self._ledger, self._home, self._reserve = ledger, home, reserve
        self._announce = announce
        self._reported = False

    def __call__(self, now: float) -> Iterator[str]:
        """Look once; yield what has changed."""
        if free_bytes(self._home) < FULL_BYTES:
            if self._reserve.give_up():
                yield "the disk is full: the reserve is released for records"
        elif self._reserve.keep():
            yield f"a reserve of {self._reserve.size // MIB_BYTES} MiB is kept for records"
        sentence = low_room(self._home)
        if sentence and not self._reported:
            yield sentence
        elif self._reported and not sentence:
            yield "there is free space again"
        self._reported = bool(sentence)
        self._settle(sentence, now)

    def _settle(self, sentence: str, now: float) -> None:
        """Raise or close the insight; an open one stays as it was raised."""
        key = str(self._home)
        raised_before = [
            row for row in open_insights(self._ledger) if (row.kind, row.key) == (ROOM, key)
        ]
        if sentence and not raised_before:
            raised = RaisedInsight(ROOM, key, "warning", "", sentence, now, now, now)
            write_insights(self._ledger, [raised])
            self._announce(insight_raised(ROOM, key, raised.severity, sentence))
        elif raised_before and not sentence:
            [row] = raised_before
            write_insights(self._ledger, [replace(row, seen_at=now, closed_at=now)])
            self._announce(insight_closed(ROOM, key, row.severity, row.size))
