"""Turns of the builds of one process, each of which keeps a CPU or more busy."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from tasks.cancellation import is_cancelled
from tasks.launch.build_limit import current_limit
from tasks.narration import doing

AT_ONCE = os.cpu_count() or 1
_LOOK_SECONDS = 0.1
_PLACES = threading.BoundedSemaphore(AT_ONCE)


@contextmanager
def build_turn() -> Iterator[None]:
    """Wait until fewer than ``AT_ONCE`` builds go on, and be one of them.

    The wait does not count as time of this build. In a cancelled run nothing is waited for, as its
    commands end at once.
    """
    taken = _PLACES.acquire(blocking=False) or _waited()
    try:
        yield
    finally:
        if taken:
            _PLACES.release()


def _waited() -> bool:
    """Wait for a place; tell whether there was one before the run was cancelled."""
    began, taken = time.monotonic(), False
    with doing("waiting for its turn after the builds of other projects"):
        while not taken and not is_cancelled():
            taken = _PLACES.acquire(timeout=_LOOK_SECONDS)
    current_limit().extend(time.monotonic() - began)
    return taken
