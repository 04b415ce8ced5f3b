"""Sees when steps die that note no end themselves: killed ones, and those that are preempted."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from benchmarks.chaos.accounting import Key, notes_of, unfinished

_LOOK_SECONDS = 0.1


@contextmanager
def deaths_seen(notes: Path) -> Iterator[dict[Key, float]]:
    """Give the deaths seen so far, by attempt, kept up to date while the block runs."""
    deaths: dict[Key, float] = {}
    over = threading.Event()

    def look() -> None:
        """Look again and again."""
        while not over.wait(_LOOK_SECONDS):
            for key in unfinished(notes_of(notes.read_text(encoding="utf-8"))):
                if key not in deaths and not _lives(key[2]):
                    deaths[key] = time.time()

    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    try:
        yield deaths
    finally:
        over.set()
        thread.join()


def _lives(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False
