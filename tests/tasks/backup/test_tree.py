"""What a scan sees, and what it need not read again."""

import hashlib
import os
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from tasks.backup.sources import Source
from tasks.backup.tree import FILE, FOLDER, LINK, TreeEntry, scan


@pytest.fixture
def source(tmp_path: Path) -> Source:
    """A folder with a file, a database under an odd name, a link and a pipe."""
    root = tmp_path / "tree"
    (root / "sub").mkdir(parents=True)
    (root / "sub" / "a").write_text("hello")
    (root / "link").symlink_to("/etc")
    with closing(sqlite3.connect(root / "sub" / "odd.txt")) as database:
        database.execute("CREATE TABLE t (a)")
        database.commit()
    os.mkfifo(root / "pipe")
    return Source("data", root)


def by_path(entries: tuple[TreeEntry, ...]) -> dict[str, TreeEntry]:
    """Return entries by their path."""
    return {entry.path: entry for entry in entries}


def test_scan_knows_kinds_and_databases_by_header(source: Source) -> None:
    """A database under another name is copied live; a link is followed; a pipe blocks."""
    tree = scan([source], {})
    assert {entry.path: entry.kind for entry in tree.entries} == {
        "data": FOLDER,
        "data/sub": FOLDER,
        "data/sub/a": FILE,
        "data/sub/odd.txt": FILE,
        "data/link": LINK,
    }
    assert tree.databases == ("data/sub/odd.txt",)
    entries = by_path(tree.entries)
    assert entries["data/sub/a"].digest == hashlib.sha256(b"hello").hexdigest()
    assert entries["data/sub/odd.txt"].digest == ""
    assert entries["data/link"].digest == "/etc"


def test_a_settled_file_is_not_read_again(source: Source) -> None:
    """Every backup reads every byte, or a file that was changed keeps its old digest."""
    file = source.path / "sub" / "a"
    first = by_path(scan([source], {}).entries)["data/sub/a"]
    marked = {"data/sub/a": replace(first, digest="remembered")}
    later = first.changed_ns / 1e9 + 5
    assert by_path(scan([source], marked, later).entries)["data/sub/a"].digest == "remembered"
    assert by_path(scan([source], marked, 0).entries)["data/sub/a"].digest == first.digest
    file.write_text("world")
    os.utime(file, ns=(first.modified_ns, first.modified_ns))
    fresh = by_path(scan([source], marked, later).entries)["data/sub/a"]
    assert fresh.digest == hashlib.sha256(b"world").hexdigest()


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_unreadable_paths_are_named(source: Source) -> None:
    """A file that cannot be read is left out in silence."""
    (source.path / "sub" / "a").chmod(0)
    assert [str(trouble) for trouble in scan([source], {}).left_out] == [
        "data/sub/a: Permission denied"
    ]
