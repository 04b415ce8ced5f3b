"""Warnings about a snapshot that was taken: it is empty, or incomplete; pure."""

from __future__ import annotations

from collections.abc import Sequence

from blocks.repositories.interface import Snapshot
from tasks.errors import shortened
from tasks.quantities import count_of, size

_TROUBLES_SHOWN = 3
_MAX_CHARACTERS = 300
_MAX_LINES_LOGGED = 200


def summary(snapshot: Snapshot) -> str:
    """Return the id, number of files and size of a snapshot as half a sentence."""
    return f"Snapshot {snapshot.id[:8]}: {count_of(snapshot.files, 'file')}, {size(snapshot.total_bytes)}"


def warnings_of(snapshot: Snapshot, *, stateless: bool) -> list[str]:
    """Return what nobody may miss, one sentence each.

    Args:
        snapshot: The snapshot that was taken.
        stateless: Whether the project says that it keeps nothing.
    """
    sentences = []
    if not snapshot.files and not stateless:
        folders = ", ".join(str(path) for path in snapshot.sources)
        sentences.append(
            f"NOTHING WAS BACKED UP: there is no file in {folders}. If "
            f"{snapshot.project} keeps its data elsewhere, name it under `data`, e.g. "
            "`data: [db.sqlite3]`; if it keeps none, write `stateless: true`."
        )
    if snapshot.unverified:
        sentences.append(
            f"{_paths(snapshot.unverified)} could not be dumped as a database: copied as a plain "
            "file, UNVERIFIED."
        )
    if snapshot.left_out:
        sentences.append(f"{_paths(snapshot.left_out)}: LEFT OUT of the snapshot.")
    return sentences


def _paths(troubles: Sequence[str]) -> str:
    more = f" and {len(troubles) - _TROUBLES_SHOWN} more" if troubles[_TROUBLES_SHOWN:] else ""
    return (
        ", ".join(shortened(trouble, _MAX_CHARACTERS) for trouble in troubles[:_TROUBLES_SHOWN])
        + more
    )


def details_of(snapshot: Snapshot) -> list[str]:
    """Return each path in full, for the log, where the sentences of `warnings_of` have no room."""
    unverified, left_out = snapshot.unverified, snapshot.left_out
    if all(_paths(troubles) == ", ".join(troubles) for troubles in (unverified, left_out)):
        return []
    lines = [f"UNVERIFIED: {trouble}" for trouble in unverified]
    return [*lines, *(f"LEFT OUT: {trouble}" for trouble in left_out)][:_MAX_LINES_LOGGED]
