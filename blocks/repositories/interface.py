"""What every repository promises, and the snapshot that crosses its boundary; free of Prefect."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One completed backup; times are epoch seconds, sizes bytes.

    ``consistent_at`` is the moment every database dump in it is true for.
    """

    id: str
    repository: str
    project: str
    environment: str
    sources: tuple[Path, ...]
    consistent_at: float
    files: int
    total_bytes: int
    added_bytes: int
    seconds: float
