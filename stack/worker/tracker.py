"""Does without multiprocessing's resource tracker, a process of 6 MB, in the worker and its fork server."""

from __future__ import annotations

import os
from multiprocessing import resource_tracker
from typing import Any, cast


def do_without_tracker() -> None:
    """Have multiprocessing start no resource tracker here: nothing is shared that it would remove."""
    tracker = cast("Any", resource_tracker)._resource_tracker  # noqa: SLF001
    if tracker._fd is None:  # noqa: SLF001
        tracker._fd = os.open(os.devnull, os.O_WRONLY)  # noqa: SLF001


def track_again() -> None:
    """Let this process, a fork, start a tracker of its own when it shares something."""
    cast("Any", resource_tracker)._resource_tracker._fd = None  # noqa: SLF001
