"""The restored data of the backup, which the demo itself compares."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from examples.demo.errors import DemoError


def restored_entries(target: Path, database: str, wanted: Sequence[str]) -> int:
    """Return how many entries the restored guestbook below ``target`` holds.

    Raises:
        DemoError: It is not there, is damaged, or lacks one of the ``wanted`` ids.
    """
    with closing(sqlite3.connect(f"file:{_only(target, database)}?mode=ro", uri=True)) as opened:
        try:
            (verdict,) = opened.execute("PRAGMA integrity_check").fetchone()
            there = {row[0] for row in opened.execute("SELECT id FROM entries")}
        except sqlite3.DatabaseError as error:
            raise DemoError(f"the restored {database} cannot be read: {error}") from error
    if verdict != "ok":
        raise DemoError(f"the restored {database} is damaged: {verdict}")
    if missing := [identifier for identifier in wanted if identifier not in there]:
        raise DemoError(f"{len(missing)} of {len(wanted)} entries did not come back")
    return len(there)


def compare_note(target: Path, original: Path) -> None:
    """Check that ``original`` came back below ``target``, byte for byte.

    Raises:
        DemoError: It is not there, or differs.
    """
    if _only(target, original.name).read_bytes() != original.read_bytes():
        raise DemoError(f"{original.name} came back with another content")


def _only(target: Path, name: str) -> Path:
    found = sorted(target.rglob(name))
    if len(found) != 1:
        raise DemoError(f"expected one {name} below {target}, found {len(found)}")
    return found[0]
