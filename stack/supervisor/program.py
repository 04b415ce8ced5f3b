"""The supervisor's state of one part of the stack, and the back-off between its starts."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass

from stack.parts import Part
from stack.record import ProcessRecord

MAX_GAP_SECONDS = 5.0
"""As long as a worker takes to start, so that one which is killed once it works is back at once."""


def next_start(started_at: float, now: float, failures: int) -> float:
    """Return when to restart a program that has ended ``now``.

    The more often it failed in a row (``failures``), the further its starts lie apart; a program
    that has run for longer than that is restarted at once.
    """
    apart = min(MAX_GAP_SECONDS, 0.5 * 2.0 ** (failures - 1)) if failures else 0.0
    return max(now, started_at + apart)


@dataclass(slots=True)
class Program:
    """One part and the process that runs it; ``process`` is None for one that was taken over."""

    part: Part
    process: subprocess.Popen[bytes] | None = None
    record: ProcessRecord | None = None
    starts: int = 0
    failures: int = 0
    started_at: float = 0.0
    due_at: float = 0.0
