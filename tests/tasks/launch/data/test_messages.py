"""What is said of data in a project's own folder: until it is configured, and no longer."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from tasks.launch.data.messages import data_messages
from tasks.launch.data.serving import ServingTrees
from tasks.release import Release


def _release(home: Path, digest: str) -> Release:
    folder = home / "releases" / "shop" / digest
    (folder / "source").mkdir(parents=True)
    return Release("shop", digest, digest, folder, "python", 0.0)


def test_a_database_that_was_found_is_told_until_it_is_named(tmp_path: Path) -> None:
    """The user has written the line that was asked for, and is asked for it again."""
    trees = ServingTrees(
        tmp_path / "serving" / "shop" / "dev",
        tmp_path / "releases" / "shop",
        tmp_path / "data",
        "shop",
        ("photos",),
    )
    first = trees.prepare(_release(tmp_path, "d1"), "")
    with closing(sqlite3.connect(first.source / "app.db")) as database:
        database.execute("CREATE TABLE visit (n)")
    second = _release(tmp_path, "d2")
    trees.prepare(second, "d1")
    (message,) = data_messages(trees, "dev", "d2")
    assert "Write `data: [photos, app.db]`" in message
    named = replace(trees, data=("photos", "app.db"))
    assert data_messages(named, "dev", "d2") == []
    named.prepare(second, "d2")
    assert data_messages(named, "dev", "d2") == []
    assert data_messages(replace(trees, stateless=True), "dev", "d2") == []
