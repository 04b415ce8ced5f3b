"""A clock that nobody can set, and that goes on while the machine sleeps."""

from __future__ import annotations

import time


def since_boot() -> float:
    """Return the seconds since a moment that stays fixed until the machine starts again.

    Linux's monotonic clock stands still while the machine sleeps; that of macOS does not.
    """
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))
