"""What a dispatcher tells while a workload runs, and whom it tells."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from tasks.claim import Queued
from tasks.companion import Tell


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a workload is; ``queued`` are ready, but wait for capacity."""

    done: int
    total: int
    running: int
    queued: int


@dataclass(frozen=True, slots=True)
class Replanned:
    """What was planned again and why; the expected ends, before and now, are epoch seconds."""

    steps: int
    old_end: float
    new_end: float
    reasons: tuple[str, ...]

    @property
    def sentence(self) -> str:
        """All of it for a log."""
        later = self.new_end - self.old_end
        moved = f"{abs(later):.0f} s {'later' if later > 0 else 'earlier'} than expected"
        ends = time.strftime("%H:%M:%S", time.localtime(self.new_end))
        why = "; ".join(self.reasons) or "times are as expected after all"
        return f"Planned {self.steps} steps again: the end is at {ends}, {moved}; {why}"


@dataclass(frozen=True, slots=True)
class Hooks:
    """Who is told of what happens; nobody, unless it is said who.

    Attributes:
        on_queued: Called with a step and its place, each time it has to wait.
        on_progress: Called after each change.
        on_replanned: Called when what has not started was planned again.
        on_fault: Called with each error that is not the failure of a step.
    """

    on_queued: Callable[[str, Queued], None] = lambda _step, _queued: None
    on_progress: Callable[[Progress], None] = lambda _progress: None
    on_replanned: Callable[[Replanned], None] = lambda _replanned: None
    on_fault: Tell = lambda _what, _error: None
