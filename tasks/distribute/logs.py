"""The last lines of a step's log, for whoever has to see at once why it failed."""

from __future__ import annotations

import os
from collections.abc import Collection
from pathlib import Path

_BYTES = 16_384


def tail(path: Path | None, lines: int = 15, secrets: Collection[str] = ()) -> str:
    """Return the last ``lines`` of the file, with ``secrets`` blotted out; empty without a file."""
    if path is None or not path.is_file():
        return ""
    with path.open("rb") as log:
        log.seek(max(0, log.seek(0, os.SEEK_END) - _BYTES))
        text = log.read().decode("utf-8", errors="replace")
    for secret in sorted(filter(None, secrets), key=len, reverse=True):
        text = text.replace(secret, "***")
    return "\n".join(text.rstrip().splitlines()[-lines:])
