"""The record of what a campaign has observed so far; filled from several threads."""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from benchmarks.chaos.accounting import Window

NEVER_SECONDS = 45.0
"""A part that has not recovered by then counts as never recovered."""


@dataclass
class Record:
    """The faults that struck, the times of recovery, and the deviations."""

    struck: list[str] = field(default_factory=list)
    missed: list[str] = field(default_factory=list)
    reconciled: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    away: list[Window] = field(default_factory=list)
    hollow: list[str] = field(default_factory=list)
    """Operations that said Completed without their effect."""
    unlike: list[str] = field(default_factory=list)
    """Restores that differ from what was backed up."""
    left: list[str] = field(default_factory=list)
    """Processes, ports and folders that stayed."""
    stuck: list[str] = field(default_factory=list)
    """Operations that did not end, or could not be finished by a repetition."""
    complete: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Steps by batch whose run said Completed."""
    excused: set[str] = field(default_factory=set)
    """Batches of which a step may have been done twice: its shim was killed, or its suite."""
    ended: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    """How often operations ended in each state."""
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _began: float = field(default_factory=time.monotonic)

    def say(self, sentence: str) -> None:
        """Print a line of progress."""
        with self._lock:
            print(f"{time.monotonic() - self._began:7.1f} s  {sentence}", flush=True)

    def note(self, kind: list[str], sentence: str) -> None:
        """Record and print a deviation."""
        kind.append(sentence)
        self.say(f"NOT AS IT SHOULD BE: {sentence}")


@dataclass
class Turmoil:
    """Whether a part of the stack is being struck, and when the last fault was undone."""

    last: float = field(default_factory=time.monotonic)
    under_way: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @contextmanager
    def struck(self) -> Iterator[None]:
        """Count from the end of this block on."""
        with self._lock:
            self.under_way += 1
        try:
            yield
        finally:
            with self._lock:
                self.under_way -= 1
                self.last = time.monotonic()

    def since(self, undone: float) -> float:
        """Return since when the part whose fault was undone at ``undone`` has been undisturbed."""
        with self._lock:
            return time.monotonic() if self.under_way else max(undone, self.last)
