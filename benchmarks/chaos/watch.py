"""Watches for steps that die without a note: killed ones, and those that are preempted."""

from __future__ import annotations

import os
import select
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.chaos.accounting import Key, notes_of, unfinished

_LOOK_SECONDS = 0.1


@contextmanager
def deaths_seen(notes: Path) -> Iterator[dict[Key, float]]:
    """Give the deaths seen so far, by attempt, kept up to date while the block runs."""
    watch = Watch()
    over = threading.Event()

    def look() -> None:
        """Look again and again."""
        while not over.is_set():
            watch.look(unfinished(notes_of(notes.read_text(encoding="utf-8"))))

    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    try:
        yield watch.deaths
    finally:
        over.set()
        thread.join()


class Watch:
    """Waits for the ends of processes: the system reports them at once.

    A process that has died before it was first looked at died after the look before: that is the
    last moment at which it may be said to have been at work.
    """

    def __init__(self) -> None:
        self.deaths: dict[Key, float] = {}
        self._files: dict[int, Key] = {}
        self._poll = select.poll()
        self._looked_at = time.time()

    def look(self, at_work: list[Key]) -> None:
        """Watch ``at_work`` too, and note the deaths of the next tenth of a second."""
        now = time.time()
        for key in at_work:
            if key not in self.deaths and key not in self._files.values():
                self._watch(key)
        self._looked_at = now
        while (left := now + _LOOK_SECONDS - time.time()) > 0:
            for file, _ in self._poll.poll(left * 1000):
                self.deaths[self._files.pop(file)] = time.time()
                self._poll.unregister(file)
                os.close(file)

    def _watch(self, key: Key) -> None:
        try:
            file = os.pidfd_open(key[2])
        except ProcessLookupError:
            self.deaths[key] = self._looked_at
            return
        self._files[file] = key
        self._poll.register(file, select.POLLIN)
