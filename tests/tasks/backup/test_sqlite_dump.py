"""Dumps of real SQLite files, quiet, crashed, locked and damaged."""

import os
import shutil
import sqlite3
import stat
from contextlib import closing
from pathlib import Path

import pytest

from tasks.backup import sqlite_dump
from tasks.backup.sqlite_dump import dump_databases


def fill(path: Path, mode: str, rows: int = 100) -> None:
    """Make a database of a journal mode."""
    with closing(sqlite3.connect(path)) as database:
        database.execute(f"PRAGMA journal_mode={mode}")
        database.execute("CREATE TABLE t (a)")
        database.executemany("INSERT INTO t VALUES (?)", [(n,) for n in range(rows)])
        database.commit()


def rows(path: Path) -> int:
    """Return how many rows a database holds."""
    with closing(sqlite3.connect(path)) as database:
        return int(database.execute("SELECT count(*) FROM t").fetchone()[0])


@pytest.mark.parametrize("mode", ["wal", "delete"])
def test_dump_is_whole_and_bears_the_mode_of_the_original(tmp_path: Path, mode: str) -> None:
    """A dump lacks rows, or a private database can be read by others once restored."""
    path, copy = tmp_path / "odd name?#.db", tmp_path / "out" / "sub" / "copy"
    fill(path, mode)
    path.chmod(0o640)
    assert dump_databases([(path, copy)], lambda: 7.0).consistent_at == 7.0
    assert rows(copy) == 100
    assert stat.S_IMODE(copy.stat().st_mode) == 0o640
    assert [file.name for file in copy.parent.iterdir()] == ["copy"]


def test_rows_that_are_only_in_the_log_of_a_crash_are_dumped(tmp_path: Path) -> None:
    """What a killed application had committed, but not checkpointed, is lost."""
    path = tmp_path / "live.db"
    with closing(sqlite3.connect(path)) as writer:
        writer.execute("PRAGMA journal_mode=wal")
        writer.execute("CREATE TABLE t (a)")
        writer.execute("INSERT INTO t VALUES (1)")
        writer.commit()
        for suffix in ("", "-wal"):
            shutil.copy(f"{path}{suffix}", f"{tmp_path}/crashed{suffix}")
    dump_databases([(tmp_path / "crashed", tmp_path / "copy")], lambda: 0.0)
    assert rows(tmp_path / "copy") == 1


def test_all_dumps_show_one_moment(tmp_path: Path) -> None:
    """Two databases of one application are dumped from before and after the same change."""
    first, second = tmp_path / "a", tmp_path / "b"
    for path in (first, second):
        fill(path, "wal", rows=1)

    def change() -> float:
        for path in (first, second):
            with closing(sqlite3.connect(path)) as writer:
                writer.execute("INSERT INTO t VALUES (2)")
                writer.commit()
        return 1.0

    pairs = [(first, tmp_path / "a.copy"), (second, tmp_path / "b.copy")]
    dump_databases(pairs, change)
    assert [rows(copy) for _, copy in pairs] == [1, 1]
    assert rows(first) == 2


def test_a_damaged_database_is_named_and_disturbs_no_other(tmp_path: Path) -> None:
    """A damaged database passes for a good one, or keeps the good ones from being dumped."""
    path = tmp_path / "shop.db"
    fill(path, "delete", rows=20_000)
    content = bytearray(path.read_bytes())
    content[8192:12288] = os.urandom(4096)
    path.write_bytes(content)
    fill(tmp_path / "good.db", "delete")
    pairs = [(path, tmp_path / "copy"), (tmp_path / "good.db", tmp_path / "good.copy")]
    dumps = dump_databases(pairs, lambda: 0.0)
    assert set(dumps.failures) == {path}
    assert not (tmp_path / "copy").exists()
    assert rows(tmp_path / "good.copy") == 100


def test_a_locked_database_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A database under an endless lock blocks the backup for ever."""
    monkeypatch.setattr(sqlite_dump, "_BUSY_SECONDS", 0.05)
    path = tmp_path / "shop.db"
    fill(path, "delete")
    with closing(sqlite3.connect(path, isolation_level=None)) as holder:
        holder.execute("BEGIN EXCLUSIVE")
        dumps = dump_databases([(path, tmp_path / "copy")], lambda: 0.0)
    assert dumps.failures == {path: "database is locked"}
