"""Writes and rotates the logs of the stack's parts; a full disk ends none of them."""

from __future__ import annotations

import os
import shutil
import sys
import time
from contextlib import suppress
from pathlib import Path

LOG_BYTES = 5_000_000


def say(sentence: str) -> None:
    """Write a line to the log of this process; on a full disk the line is dropped.

    It bypasses `sys.stdout`, which would keep what could not be written, and fail at the exit.
    """
    line = f"{time.strftime('%H:%M:%S')} {sentence}\n"
    with suppress(OSError):
        sys.stdout.flush()
    with suppress(OSError):
        os.write(1, line.encode(errors="backslashreplace"))


def rotate(log: Path, max_bytes: int = LOG_BYTES) -> None:
    """Move a log that has grown past ``max_bytes`` aside; its writers append, so they go on.

    Raises:
        OSError: There is no room for the copy; the previous copy was deleted to make some.
    """
    if not log.exists() or log.stat().st_size <= max_bytes:
        return
    aside = log.with_suffix(".log.1")
    try:
        shutil.copyfile(log, aside)
    except OSError:
        aside.unlink(missing_ok=True)
        raise
    os.truncate(log, 0)
