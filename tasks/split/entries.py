"""The lines of JSON that a shard wrote: those that are ours, whatever else was written beside them.

The tests run what they like, and may write to the same file: what is none of ours is passed over.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tasks.regular_file import read_regular
from tasks.workload import ItemResult

_MOST_BYTES = 256 * 1024 * 1024
LONGEST_SECONDS = 1e9
"""What a test takes at most; a time beyond, or one that is none, says nothing."""

_Number = int | float
_SHAPES: Mapping[str, Mapping[str, Any]] = {
    "started": {"started": str},
    "problem": {"problem": str},
    "status": {"status": int | None, "left": int | None, "covered": _Number | None},
    "limit": {"limit": _Number, "settings": str},
    "rerun": {"rerun": str},
    "id": {"id": str, "outcome": str, "message": str | None},
}
"""What each kind of entry has, by the key that tells it from the others."""
_OUTCOMES = frozenset({"passed", "skipped", "failed", "error"})


def entries(path: Path) -> Iterator[dict[str, Any]]:
    """Yield what was written to ``path``; the last line may be half, of a process that was killed.

    Raises:
        IrregularFileError: A test has put something else there.
    """
    for line in read_regular(path, _MOST_BYTES).splitlines():
        try:
            entry = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if _is_ours(entry):
            yield entry


def _is_ours(entry: object) -> bool:
    if not isinstance(entry, dict):
        return False
    shape = next((_SHAPES[mark] for mark in _SHAPES if mark in entry), None)
    return shape is not None and all(isinstance(entry.get(key), shape[key]) for key in shape)


def result_of(entry: Mapping[str, Any]) -> ItemResult:
    """Return what became of a test; what it took counts as nothing where it is no such time."""
    seconds, outcome = entry.get("seconds"), entry["outcome"]
    usable = isinstance(seconds, int | float) and 0 <= seconds <= LONGEST_SECONDS
    return ItemResult(
        entry["id"],
        float(seconds) if usable and seconds is not None else 0.0,
        outcome if outcome in _OUTCOMES else "error",
        entry.get("message") or "",
    )
