"""Removes old results of flow runs, which Prefect keeps in one file for each run."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

EVERY_SECONDS = 3600.0
MAX_PER_RUN = 5000


class ResultFiles:
    """Removes the results below ``folder`` that are older than ``keep_seconds``."""

    def __init__(self, folder: Path, keep_seconds: float) -> None:
        self._folder, self._keep_seconds = folder, keep_seconds

    def __call__(self, now: float) -> Iterator[str]:
        """Look once; yield a sentence if any were removed."""
        count = 0
        for path in self._folder.glob("*") if self._folder.is_dir() else ():
            if (
                count < MAX_PER_RUN
                and path.is_file()
                and path.stat().st_mtime < now - self._keep_seconds
            ):
                path.unlink(missing_ok=True)
                count += 1
        if count:
            yield f"{count} results of flow runs removed"
