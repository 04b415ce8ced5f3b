"""A part of the stack as its supervisor keeps it running, and when it is started again."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass

from stack.parts import Part
from stack.record import Record

LONGEST_APART_SECONDS = 5.0
"""As long as a worker takes to start: one that is killed as soon as it works is back at once."""


def next_start(started_at: float, now: float, failures: int) -> float:
    """Return when a program is started again that has ended ``now``.

    Of one that failed ``failures`` times in a row, starts lie further and further apart; one that
    has worked for longer than that is back at once.
    """
    apart = min(LONGEST_APART_SECONDS, 0.5 * 2.0 ** (failures - 1)) if failures else 0.0
    return max(now, started_at + apart)


@dataclass(slots=True)
class Program:
    """One part, and the process that runs it now; one that was taken over is no child of ours."""

    part: Part
    process: subprocess.Popen[bytes] | None = None
    record: Record | None = None
    starts: int = 0
    failures: int = 0
    started_at: float = 0.0
    due_at: float = 0.0
