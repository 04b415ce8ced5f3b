"""What came back from a backup."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from examples.demo.errors import DemoError
from examples.demo.restored import compare_note, restored_entries


def _database(target: Path, identifiers: list[str]) -> Path:
    path = target / "data" / "guestbook.db"
    path.parent.mkdir(parents=True)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE entries (id TEXT)")
        connection.executemany("INSERT INTO entries VALUES (?)", [(each,) for each in identifiers])
    return path


def test_all_entries_came_back(tmp_path: Path) -> None:
    """A complete backup would be refused."""
    _database(tmp_path, ["a", "b", "c"])
    assert restored_entries(tmp_path, "guestbook.db", ["a", "c"]) == 3


def test_a_lost_entry_is_an_error(tmp_path: Path) -> None:
    """A backup that lost data would be believed."""
    _database(tmp_path, ["a"])
    with pytest.raises(DemoError, match="1 of 2 entries did not come back"):
        restored_entries(tmp_path, "guestbook.db", ["a", "b"])


def test_a_damaged_database_is_an_error(tmp_path: Path) -> None:
    """A backup that cannot be read would be believed."""
    _database(tmp_path, ["a"]).write_bytes(b"no database" * 1000)
    with pytest.raises(DemoError, match="cannot be read"):
        restored_entries(tmp_path, "guestbook.db", ["a"])


def test_a_missing_database_is_an_error(tmp_path: Path) -> None:
    """An empty restore would pass."""
    with pytest.raises(DemoError, match="found 0"):
        restored_entries(tmp_path, "guestbook.db", [])


def test_the_note_must_be_the_same(tmp_path: Path) -> None:
    """A file that came back changed would pass."""
    original, target = tmp_path / "original" / "note.txt", tmp_path / "target" / "deep" / "note.txt"
    for path in (original, target):
        path.parent.mkdir(parents=True)
        path.write_text("something")
    compare_note(tmp_path / "target", original)
    target.write_text("something else")
    with pytest.raises(DemoError, match="another content"):
        compare_note(tmp_path / "target", original)
