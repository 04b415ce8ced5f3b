"""Events of a running workload, and the hooks that the dispatcher calls for them."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from tasks.claim import Queued
from tasks.companion import Tell


@dataclass(frozen=True, slots=True)
class WorkloadProgress:
    """The progress of a workload; ``queued`` steps are ready, but wait for capacity."""

    done: int
    total: int
    running: int
    queued: int


@dataclass(frozen=True, slots=True)
class Replanned:
    """A new plan of the steps not started, and why; expected ends are epoch seconds."""

    steps: int
    old_end: float
    new_end: float
    reasons: tuple[str, ...]

    @property
    def sentence(self) -> str:
        """The event in one line of a log."""
        delay = self.new_end - self.old_end
        moved = f"{abs(delay):.0f} s {'later' if delay > 0 else 'earlier'} than expected"
        ends = time.strftime("%H:%M:%S", time.localtime(self.new_end))
        reason = "; ".join(self.reasons) or "times are as expected after all"
        return f"Planned {self.steps} steps again: the end is at {ends}, {moved}; {reason}"


@dataclass(frozen=True, slots=True)
class Hooks:
    """Callbacks for the events of a workload; each does nothing by default.

    Attributes:
        on_queued: Called with a step and its place, each time it has to wait.
        on_progress: Called after each change.
        on_replanned: Called when the steps that have not started were planned again.
        on_fault: Called with each error that is not the failure of a step.
    """

    on_queued: Callable[[str, Queued], None] = lambda _step, _queued: None
    on_progress: Callable[[WorkloadProgress], None] = lambda _progress: None
    on_replanned: Callable[[Replanned], None] = lambda _replanned: None
    on_fault: Tell = lambda _what, _error: None
