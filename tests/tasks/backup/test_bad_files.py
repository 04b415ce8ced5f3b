"""Files that stopped a whole backup or restore: each one's trouble is its own, and is told."""

import os
import shutil
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from blocks.repositories.interface import Progress, Snapshot
from blocks.repositories.restic_engine import ResticEngine
from blocks.tree import walk
from tasks.backup.comparison import Comparison
from tasks.backup.restore import choose, restore
from tasks.backup.snapshot import snapshot
from tasks.backup.subject import BackupSubject

pytestmark = pytest.mark.integration


def ignore(progress: Progress) -> None:
    """Take no notice of progress."""


def there_and_back(
    engine: ResticEngine, subject: BackupSubject, tmp_path: Path
) -> tuple[Snapshot, Comparison, Path]:
    """Take a snapshot beside a good file, bring it back; return both and the restored data."""
    (subject.sources[0].path / "good.txt").write_text("good")
    taken = snapshot(engine, subject, tmp_path / "staging", ignore)
    result = restore(engine, choose(engine.snapshots(), "latest"), tmp_path / "back")
    assert result.identical, result
    assert (tmp_path / "back" / "data" / "good.txt").read_text() == "good"
    return taken, result, tmp_path / "back" / "data"


def test_a_database_with_a_collation_of_its_own_is_dumped(
    engine: ResticEngine, subject: BackupSubject, tmp_path: Path
) -> None:
    """A database of an application that sorts in its own way stops every backup."""
    place = subject.sources[0].path / "shop.db"
    with closing(sqlite3.connect(place)) as database:
        database.create_collation("own", lambda left, right: (left < right) - (left > right))
        database.execute("CREATE TABLE t (a TEXT COLLATE own PRIMARY KEY)")
        database.executemany("INSERT INTO t VALUES (?)", [(str(n),) for n in range(500)])
        database.commit()
    taken, _, back = there_and_back(engine, subject, tmp_path)
    assert taken.unverified == ()
    with closing(sqlite3.connect(back / "shop.db")) as database:
        assert database.execute("SELECT count(*) FROM t NOT INDEXED").fetchall() == [(500,)]


def test_a_torn_and_an_encrypted_database_are_copied_as_they_are(
    engine: ResticEngine, subject: BackupSubject, tmp_path: Path
) -> None:
    """One file that only looks like a database keeps everything else from being backed up."""
    data, header = subject.sources[0].path, b"SQLite format 3\0"
    contents = {
        "encrypted.db": header + os.urandom(8176),
        "torn.db": header + b"\x10\0\x01\x01\0\x40\x20\x20" + os.urandom(70_000),
        "torn.db-wal": os.urandom(5_000),
        "short.db": header,
    }
    for name, content in contents.items():
        (data / name).write_bytes(content)
    taken, result, back = there_and_back(engine, subject, tmp_path)
    for name, content in contents.items():
        assert (back / name).read_bytes() == content
    named = " ".join(taken.unverified)
    assert "data/encrypted.db" in named
    assert "data/torn.db" in named
    assert result.unverified == taken.unverified


def test_a_torn_database_is_told_at_every_backup(
    engine: ResticEngine, subject: BackupSubject, tmp_path: Path
) -> None:
    """Only the first night somebody learns that a database is torn; from then on all is well."""
    place = subject.sources[0].path / "torn.db"
    with closing(sqlite3.connect(place)) as database:
        database.execute("CREATE TABLE t (a)")
        database.execute("INSERT INTO t VALUES (zeroblob(50000))")
        database.commit()
    os.truncate(place, 5000)
    for _ in range(2):
        # The file is as it was long before the second backup reads it.
        taken = snapshot(
            engine, subject, tmp_path / "staging", ignore, now=lambda: time.time() + 60
        )
        assert [line.split(":")[0] for line in taken.unverified] == ["data/torn.db"]
    assert restore(engine, choose(engine.snapshots(), "latest"), tmp_path / "back").identical


def test_names_and_link_targets_that_are_not_utf8_come_back(
    engine: ResticEngine, subject: BackupSubject, tmp_path: Path
) -> None:
    """A file with an old Latin-1 name is backed up, and then nothing at all can be restored."""
    data, target = subject.sources[0].path, os.fsdecode(b"../caf\xe9 \xff")
    folder = data / os.fsdecode(b"b\xfccher")
    folder.mkdir()
    (folder / os.fsdecode(b"caf\xe9.txt")).write_text("menu")
    (data / "link").symlink_to(target)
    with closing(sqlite3.connect(folder / os.fsdecode(b"l\xe4den.db"))) as database:
        database.execute("CREATE TABLE t (a)")
        database.commit()
    taken, result, back = there_and_back(engine, subject, tmp_path)
    assert (taken.unverified, taken.left_out, result.changed) == ((), (), ())
    assert str((back / "link").readlink()) == target
    restored = sorted(os.fsencode(place.name) for place in (back / folder.name).iterdir())
    assert restored == [b"caf\xe9.txt", b"l\xe4den.db"]


def test_sparse_files_stay_sparse(
    engine: ResticEngine, subject: BackupSubject, tmp_path: Path
) -> None:
    """A disk image of 100 GB with 1 GB in it fills the disk when it is restored."""
    if not shutil.which("fallocate"):
        pytest.skip("no fallocate, which makes restored files sparse where restic does not")
    place = subject.sources[0].path / "disk.img"
    with place.open("wb") as file:
        file.seek(40_000_000)
        file.write(b"end")
    os.utime(place, (1e9, 1e9))
    _, _, back = there_and_back(engine, subject, tmp_path)
    restored = (back / "disk.img").stat()
    assert restored.st_size == 40_000_003
    assert restored.st_blocks * 512 < 1_000_000
    assert restored.st_mtime == 1e9


def test_devices_and_paths_that_no_restore_could_write_are_left_out_by_name(
    engine: ResticEngine, subject: BackupSubject, tmp_path: Path
) -> None:
    """A path that no restore can write makes every restore of that snapshot fail."""
    data, step = subject.sources[0].path, "x" * 250
    os.mkfifo(data / "pipe")
    working_folder = Path.cwd()
    try:
        os.chdir(data)
        for _ in range(17):
            Path(step).mkdir()
            os.chdir(step)
    finally:
        os.chdir(working_folder)
    if os.geteuid() == 0:
        os.mknod(data / "null", 0o020600, os.makedev(1, 3))
    taken, result, back = there_and_back(engine, subject, tmp_path)
    named = " ".join(taken.left_out)
    assert f"data/{step}" in named
    assert ("data/null: is a device" in named) == (os.geteuid() == 0)
    assert not (back / "null").exists()
    assert (back / step / step).is_dir()
    assert result.left_out == taken.left_out
    shutil.rmtree(data / step)


def test_an_unreadable_file_is_left_out_by_name(
    engine: ResticEngine, subject: BackupSubject, tmp_path: Path
) -> None:
    """One file of another owner keeps all the others from being backed up."""
    weak = tmp_path / "restic-without-privileges"
    caps = "-dac_override,-dac_read_search"
    hindrance = f"setpriv --bounding-set={caps} --inh-caps={caps} " if os.geteuid() == 0 else ""
    if hindrance and not shutil.which("setpriv"):
        pytest.skip("root reads everything, and there is no setpriv to hinder it")
    weak.write_text(f'#!/bin/sh\nexec {hindrance}restic "$@"\n')
    weak.chmod(0o755)
    (subject.sources[0].path / "mine").touch(mode=0)
    hindered = ResticEngine(engine.location, engine.password, cache=engine.cache, program=str(weak))
    taken, result, back = there_and_back(hindered, subject, tmp_path)
    assert [line.split(":")[0] for line in taken.left_out] == ["data/mine"]
    assert (result.missing, result.changed) == ((), ())
    assert not (back / "mine").exists()
    assert len(hindered.snapshots()) == 1


def test_what_is_nested_deep_comes_back_and_what_is_too_deep_is_named(
    engine: ResticEngine, subject: BackupSubject, tmp_path: Path, nest: Callable[..., None]
) -> None:
    """The data of a project whose service nests folders are never backed up."""
    data = subject.sources[0].path
    nest(data / "deep")
    (data / "link").symlink_to("deep")
    nest(data / "too-deep", 30, "d" * 200)
    taken, _, back = there_and_back(engine, subject, tmp_path)
    assert [files for _, _, files in walk(back / "deep")][-1] == ["file"]
    assert len(list(walk(back / "deep"))) == 401
    assert taken.left_out
    assert all("data/too-deep/ddd" in str(trouble) for trouble in taken.left_out)
