"""A clock that nobody sets, and that goes on while the machine sleeps."""

from __future__ import annotations

import time


def since_boot() -> float:
    """Return seconds since a moment that stays the same until the machine starts again.

    Linux's monotonic clock stands still while the machine sleeps; that of macOS does not.
    """
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))
