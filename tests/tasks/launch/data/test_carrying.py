"""Data inside a project's own folder stays when the release goes, also while it is written to."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from tasks.errors import BadInputError
from tasks.launch.data.carrying import carried_paths, carry, link_afresh

WRITER = """
import sqlite3, sys, time
database = sqlite3.connect(sys.argv[1], timeout=30, isolation_level=None)
database.execute(f"PRAGMA journal_mode={sys.argv[2]}")
database.execute("CREATE TABLE IF NOT EXISTS t (n)")
for n in range(1_000_000):
    if sys.argv[3] == "anew":
        database.close()
        database = sqlite3.connect(sys.argv[1], timeout=30, isolation_level=None)
    database.execute("INSERT INTO t VALUES (?)", (n,))
    print(n, flush=True)
    time.sleep(0.001)
"""


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A source tree with a database, a folder of uploads and a page."""
    source = tmp_path / "tree"
    (source / "media").mkdir(parents=True)
    (source / "media" / "cat.jpg").write_text("cat")
    (source / "page.txt").write_text("page")
    (source / "db.json").write_text("{}")
    return source


def rows(path: Path) -> list[int]:
    """Return what a database holds."""
    with closing(sqlite3.connect(path, timeout=30)) as database:
        return [n for (n,) in database.execute("SELECT n FROM t ORDER BY rowid")]


def test_what_is_named_is_seeded_kept_and_linked(tree: Path, tmp_path: Path) -> None:
    """The next version starts with an empty shop, or with that of its own source."""
    kept_folder = tmp_path / "data" / "source"
    paths = ["media", "db.json", "later.db", "uploads"]
    link_afresh(tree, kept_folder, paths, used=False)
    (tree / "media" / "dog.jpg").write_text("dog")
    (tree / "db.json").write_text('{"sold": 1}')
    (tree / "later.db").write_text("made at run time")
    (tree / "uploads" / "one").write_text("1")
    newer = tmp_path / "newer"
    (newer / "media").mkdir(parents=True)
    (newer / "db.json").write_text("{}")
    link_afresh(newer, kept_folder, paths, used=False)
    assert sorted(path.name for path in (newer / "media").iterdir()) == ["cat.jpg", "dog.jpg"]
    assert (newer / "db.json").read_text() == '{"sold": 1}'
    assert (newer / "later.db").read_text() == "made at run time"
    assert (newer / "uploads" / "one").read_text() == "1"
    assert (kept_folder / "db.json").is_file()
    assert not (kept_folder / "page.txt").exists()


@pytest.mark.integration
@pytest.mark.parametrize("connection", ["lasting", "anew"])
@pytest.mark.parametrize("mode", ["wal", "delete"])
def test_a_database_moves_while_it_is_written_and_loses_no_row(
    tree: Path, tmp_path: Path, mode: str, connection: str
) -> None:
    """Rows that were written while a version was deployed are gone."""
    database, kept_folder = tree / "db.sqlite3", tmp_path / "data" / "source"
    writer = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(database), mode, connection], stdout=subprocess.PIPE
    )
    assert writer.stdout
    next(line for line in writer.stdout if int(line) >= 20)
    assert carry(tree, kept_folder, ["db.sqlite3"], leads=True) == []
    newer = tmp_path / "newer"
    newer.mkdir()
    link_afresh(newer, kept_folder, ["db.sqlite3"], used=False)
    with closing(sqlite3.connect(newer / "db.sqlite3", timeout=30)) as other:
        other.execute("INSERT INTO t VALUES (-1)")
        other.commit()
    last = int(next(writer.stdout))
    last = next(int(line) for line in writer.stdout if int(line) >= last + 20)
    writer.kill()
    rest, _ = writer.communicate()
    last = max([last, *map(int, rest.split())])
    numbers = rows(newer / "db.sqlite3")
    assert set(range(last + 1)) | {-1} <= set(numbers)
    with closing(sqlite3.connect(kept_folder / "db.sqlite3")) as moved:
        assert moved.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    assert (tree / "db.sqlite3").is_symlink()


def test_a_write_ahead_log_lies_beside_the_kept_file(tree: Path, tmp_path: Path) -> None:
    """The log of a linked database stays in the tree, and goes with it."""
    kept_folder = tmp_path / "data" / "source"
    link_afresh(tree, kept_folder, ["new.sqlite3"], used=False)
    with closing(sqlite3.connect(tree / "new.sqlite3")) as database:
        database.execute("PRAGMA journal_mode=wal")
        database.execute("CREATE TABLE t (n)")
        database.execute("INSERT INTO t VALUES (7)")
        database.commit()
        assert (kept_folder / "new.sqlite3-wal").stat().st_size
        assert not (tree / "new.sqlite3-wal").exists()
        assert rows(kept_folder / "new.sqlite3") == [7]


def test_what_replaces_the_link_comes_home(tree: Path, tmp_path: Path) -> None:
    """A program that writes a new file and renames it, as json-server does, loses its data."""
    kept_folder = tmp_path / "data" / "source"
    link_afresh(tree, kept_folder, ["db.json"], used=False)
    (tree / "draft").write_text('{"sold": 2}')
    (tree / "draft").replace(tree / "db.json")
    assert carry(tree, kept_folder, ["db.json"], leads=True) == []
    assert (kept_folder / "db.json").read_text() == '{"sold": 2}'
    assert (tree / "db.json").is_symlink()
    # A tree that serves no more must not overwrite what is kept.
    older = tmp_path / "older"
    older.mkdir()
    (older / "db.json").write_text("{}")
    assert carry(older, kept_folder, ["db.json"]) == ["db.json"]
    assert (kept_folder / "db.json").read_text() == '{"sold": 2}'


def test_data_of_a_tree_that_is_used_again_is_put_aside(tree: Path, tmp_path: Path) -> None:
    """A rollback shows the data of then, or destroys it."""
    kept_folder = tmp_path / "data" / "source"
    kept_folder.mkdir(parents=True)
    (kept_folder / "db.json").write_text("of now")
    (tree / "db.json").write_text("of then")
    link_afresh(tree, kept_folder, ["db.json"], used=True)
    assert (tree / "db.json").read_text() == "of now"
    assert (tree / "db.json.apart-1").read_text() == "of then"


def test_a_moved_home_takes_its_links_with_it(tree: Path, tmp_path: Path) -> None:
    """After a move of Slipway's folder every service has lost its data."""
    home = tmp_path / "home"
    home.mkdir()
    tree.rename(home / "tree")
    link_afresh(home / "tree", home / "data" / "source", ["db.json"], used=False)
    home.rename(tmp_path / "moved")
    assert (tmp_path / "moved" / "tree" / "db.json").read_text() == "{}"


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (["../up"], "not inside"),
        (["."], "all of the folder"),
        (["media/../../up"], "not inside"),
        (["media", "media/cats"], "inside media"),
    ],
)
def test_paths_that_cannot_be_carried_are_refused(data: list[str], problem: str) -> None:
    """A release is linked to what is not its own, or one link is made inside another."""
    with pytest.raises(BadInputError, match=problem):
        carried_paths("shop", data)


def test_only_paths_inside_the_project_are_carried() -> None:
    """A folder elsewhere is moved away from whoever else uses it."""
    assert carried_paths("shop", ["/srv/up", "~/up", "./media/", "db.sqlite3", "media"]) == (
        "media",
        "db.sqlite3",
    )
