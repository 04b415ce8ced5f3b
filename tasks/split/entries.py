"""The entries (lines of JSON) that the pytest plugin of a shard wrote.

The tests may write to the same file: lines that are not entries of the plugin are skipped.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tasks.regular_file import read_regular
from tasks.workload import ItemResult

_MAX_BYTES = 256 * 1024 * 1024
MAX_SECONDS = 1e9
"""The longest duration of a test; a longer or an invalid one is ignored."""

_Number = int | float
_SHAPES: Mapping[str, Mapping[str, Any]] = {
    "started": {"started": str},
    "problem": {"problem": str},
    "status": {"status": int | None, "left": int | None, "covered": _Number | None},
    "limit": {"limit": _Number, "settings": str},
    "rerun": {"rerun": str},
    "id": {"id": str, "outcome": str, "message": str | None},
}
"""The fields of each kind of entry, by the key that identifies it."""
_OUTCOMES = frozenset({"passed", "skipped", "failed", "error"})


def entries(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the entries in ``path``; the last line may be incomplete if the process was killed.

    Raises:
        IrregularFileError: A test has put something else there.
    """
    for line in read_regular(path, _MAX_BYTES).splitlines():
        try:
            entry = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if _is_entry(entry):
            yield entry


def _is_entry(entry: object) -> bool:
    if not isinstance(entry, dict):
        return False
    shape = next((_SHAPES[mark] for mark in _SHAPES if mark in entry), None)
    return shape is not None and all(isinstance(entry.get(key), shape[key]) for key in shape)


def result_of(entry: Mapping[str, Any]) -> ItemResult:
    """Return the result of a test; its duration counts as zero where it is not valid."""
    seconds, outcome = entry.get("seconds"), entry["outcome"]
    usable = isinstance(seconds, int | float) and 0 <= seconds <= MAX_SECONDS
    return ItemResult(
        entry["id"],
        float(seconds) if usable and seconds is not None else 0.0,
        outcome if outcome in _OUTCOMES else "error",
        entry.get("message") or "",
    )
