"""The table of the history that is kept: recorded by the reconciler, shown by `status`."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

from tasks.home import Home, write_private
from tasks.observe.text_table import text_table
from tasks.quantities import age


@dataclass(frozen=True, slots=True)
class RetentionRow:
    """How much of one kind is kept, since when, and when it is removed."""

    kind: str
    count: int
    size_mib: float | None
    oldest_at: float | None
    removed: str


def write_retention(home: Home, lines: Sequence[RetentionRow]) -> None:
    """Record what is kept."""
    write_private(home.retention_file, json.dumps([asdict(line) for line in lines]))


def read_retention(home: Home) -> list[RetentionRow]:
    """Return what the reconciler last recorded; empty if that cannot be read."""
    try:
        lines: list[Mapping[str, object]] = json.loads(home.retention_file.read_bytes())
        return [RetentionRow(**line) for line in lines]  # type: ignore[arg-type]  # as it was written
    except (FileNotFoundError, ValueError, TypeError):
        return []


def retention_table(home: Home, now: float) -> str:
    """Return the table of what is kept of the past, its size, and when it is removed."""
    header = ("kept", "count", "MiB", "oldest", "removed")
    rows = [
        (
            line.kind,
            str(line.count),
            "" if line.size_mib is None else f"{line.size_mib:.1f}",
            "" if line.oldest_at is None else age(now - line.oldest_at),
            line.removed,
        )
        for line in read_retention(home)
    ]
    return text_table(header, rows) if rows else ""
