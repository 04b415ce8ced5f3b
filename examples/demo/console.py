"""The output of the demo while it runs: complete lines, with or without a terminal."""

from __future__ import annotations

import time
from collections.abc import Callable

Say = Callable[[str], None]


class Console:
    """Prints lines with the time since the demo began, in seconds."""

    def __init__(self) -> None:
        self._began = time.monotonic()

    def __call__(self, line: str) -> None:
        """Print one line at once, also into a pipe."""
        print(f"[{time.monotonic() - self._began:6.1f}] {line}", flush=True)
