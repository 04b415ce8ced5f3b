"""Real snapshots by the real restic: what comes back is what was there."""

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from blocks.repositories.interface import Progress, Snapshot, Stored
from blocks.repositories.restic_engine import ResticEngine
from tasks.backup.comparison import Comparison
from tasks.backup.restore import choose, restore
from tasks.backup.snapshot import SourceGoneError, snapshot
from tasks.backup.sources import Source
from tasks.backup.sqlite_dump import dump_databases
from tasks.backup.subject import BackupSubject

pytestmark = pytest.mark.integration

WRITER = """
import sqlite3, sys, time
database = sqlite3.connect(sys.argv[1], timeout=30, isolation_level=None)
database.execute(f"PRAGMA journal_mode={sys.argv[2]}")
database.execute("CREATE TABLE IF NOT EXISTS paid (amount)")
database.execute("CREATE TABLE IF NOT EXISTS owed (amount)")
n = 0
while True:
    n += 1
    database.execute("BEGIN IMMEDIATE")
    database.execute("INSERT INTO paid VALUES (?)", (n,))
    database.execute("INSERT INTO owed VALUES (?)", (n,))
    database.execute("COMMIT")
    print(n, flush=True)
    time.sleep(0.001)
"""


def ignore(progress: Progress) -> None:
    """Take no notice of progress."""


def data_of(subject: BackupSubject) -> Path:
    """Return the data folder."""
    return subject.sources[0].path


def take(engine: ResticEngine, subject: BackupSubject, tmp_path: Path) -> Snapshot:
    """Take a snapshot."""
    return snapshot(engine, subject, tmp_path / "staging", ignore)


def bring_back(engine: ResticEngine, target: Path, snapshot_id: str = "latest") -> Comparison:
    """Restore a snapshot."""
    return restore(engine, choose(engine.snapshots(["project=shop"]), snapshot_id), target)


def fill(folder: Path) -> None:
    """Make files of all kinds, with odd names and modes."""
    (folder / "sub" / "deep").mkdir(parents=True)
    (folder / "a.txt").write_text("hello")
    (folder / "empty").touch()
    (folder / "empty folder").mkdir(mode=0o750)
    (folder / "sub" / "ümläut * [x]?").write_bytes(os.urandom(200_000))
    (folder / "sub" / "script").write_text("#!/bin/sh\n")
    (folder / "sub" / "script").chmod(0o750)
    (folder / "sub" / "link").symlink_to("../a.txt")
    (folder / "sub" / "out").symlink_to("/etc/hostname")
    with closing(sqlite3.connect(folder / "sub" / "deep" / "odd*[name].bin")) as database:
        database.execute("CREATE TABLE t (a)")
        database.execute("INSERT INTO t VALUES (zeroblob(500000))")
        database.commit()
    (folder / "sub" / "deep").chmod(0o550)


@pytest.fixture
def writer(subject: BackupSubject, request: pytest.FixtureRequest) -> Iterator[Path]:
    """A database that another process writes to all the time."""
    path = data_of(subject) / "shop.sqlite"
    process = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(path), request.param], stdout=subprocess.PIPE
    )
    assert process.stdout
    next(line for line in process.stdout if int(line) >= 20)
    yield path
    assert process.poll() is None, "the writer was disturbed"
    process.kill()
    process.communicate()


def test_a_restored_copy_is_identical(
    engine: ResticEngine, subject: BackupSubject, tmp_path: Path
) -> None:
    """Files, modes, links or databases do not come back as they were."""
    fill(data_of(subject))
    more = tmp_path / "uploads"
    more.mkdir()
    (more / "u").write_text("up")
    both = BackupSubject("shop", "prod", (*subject.sources, Source("uploads", more)), version="1.0")
    taken = take(engine, both, tmp_path)
    result = bring_back(engine, tmp_path / "back")
    assert result.identical, result
    assert result.changed == ()
    assert result.files == taken.files == 6
    assert result.bytes == taken.total_bytes
    assert sorted(path.name for path in (tmp_path / "back").iterdir()) == [
        "data",
        "manifest.json",
        "uploads",
    ]
    back = tmp_path / "back" / "data"
    difference = subprocess.run(
        ["diff", "-r", "--no-dereference", "-x", "odd*", str(data_of(subject)), str(back)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (difference.returncode, difference.stdout) == (0, "")
    assert (back / "sub" / "deep").stat().st_mode == (data_of(subject) / "sub/deep").stat().st_mode
    with closing(sqlite3.connect(back / "sub" / "deep" / "odd*[name].bin")) as database:
        assert database.execute("SELECT length(a) FROM t").fetchall() == [(500000,)]
    assert not (tmp_path / "staging" / "slipway-snapshot").exists()


@pytest.mark.parametrize("writer", ["wal", "delete"], indirect=True)
def test_a_database_under_writing_comes_back_consistent(
    engine: ResticEngine, subject: BackupSubject, tmp_path: Path, writer: Path
) -> None:
    """A snapshot catches a transaction half done, or stops the application from writing."""
    for round_ in range(3):
        taken = take(engine, subject, tmp_path)
        result = bring_back(engine, tmp_path / f"back{round_}")
        assert result.identical, result
        assert taken.consistent_at <= time.time()
        back = tmp_path / f"back{round_}" / "data"
        assert [path.name for path in back.iterdir()] == [writer.name]
        with closing(sqlite3.connect(back / writer.name)) as database:
            assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
            paid = database.execute("SELECT count(*), sum(amount) FROM paid").fetchone()
            assert paid == database.execute("SELECT count(*), sum(amount) FROM owed").fetchone()
            assert paid[0] >= 20


def test_the_second_backup_adds_little(
    engine: ResticEngine, subject: BackupSubject, tmp_path: Path
) -> None:
    """Every backup stores everything again."""
    fill(data_of(subject))
    first = take(engine, subject, tmp_path)
    (data_of(subject) / "new").write_text("a line")
    second = take(engine, subject, tmp_path)
    assert first.added_bytes > 200_000
    assert second.added_bytes < 30_000
    assert second.files == first.files + 1
    assert bring_back(engine, tmp_path / "back").identical


def meddle(monkeypatch: pytest.MonkeyPatch, change: Callable[[], None]) -> None:
    """Let the application ``change`` something just before restic first reads."""
    original, pending = ResticEngine.backup, [change]

    def backup(
        engine: ResticEngine,
        sources: Sequence[Path],
        exclude: Sequence[Path],
        tags: Sequence[str],
        progress: Callable[[Progress], None],
    ) -> Stored:
        while pending:
            pending.pop()()
        return original(engine, sources, exclude, tags, progress)

    monkeypatch.setattr(ResticEngine, "backup", backup)


def test_data_that_is_deleted_meanwhile_is_told_so(
    engine: ResticEngine, subject: BackupSubject, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who forgets a project while it is backed up is told to make its files readable."""
    fill(data_of(subject))
    (data_of(subject) / "sub" / "deep").chmod(0o750)
    meddle(monkeypatch, lambda: shutil.rmtree(data_of(subject)))
    with pytest.raises(SourceGoneError, match="shop in prod was forgotten") as raised:
        take(engine, subject, tmp_path)
    assert str(data_of(subject)) in str(raised.value)
    assert "readable" not in str(raised.value)


def test_a_database_that_appears_meanwhile_is_dumped_too(
    engine: ResticEngine, subject: BackupSubject, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A database created during the backup is copied as a live file."""

    def create() -> None:
        with closing(sqlite3.connect(data_of(subject) / "late.db")) as database:
            database.execute("CREATE TABLE t (a)")
            database.commit()

    meddle(monkeypatch, create)
    take(engine, subject, tmp_path)
    assert len(engine.snapshots()) == 1
    result = bring_back(engine, tmp_path / "back")
    assert result.identical
    assert result.changed == ()
    assert (tmp_path / "back" / "data" / "late.db").exists()


def test_files_that_change_meanwhile_are_told_apart_from_damage(
    engine: ResticEngine, subject: BackupSubject, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A growing log or a vanished temporary file makes each restore look damaged."""
    (data_of(subject) / "log").write_text("one\n")
    (data_of(subject) / "temporary").write_text("x")

    def change() -> None:
        (data_of(subject) / "log").write_text("one\ntwo\n")
        (data_of(subject) / "temporary").unlink()

    meddle(monkeypatch, change)
    take(engine, subject, tmp_path)
    result = bring_back(engine, tmp_path / "back")
    assert result.identical
    assert result.changed == ("data/log", "data/temporary")
    assert (tmp_path / "back" / "data" / "log").read_text() == "one\ntwo\n"


def test_what_is_made_and_renamed_meanwhile_is_no_damage(
    engine: ResticEngine, subject: BackupSubject, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Broken: of data whose folders come and go no backup can be brought back."""
    data, aside = data_of(subject), tmp_path / "aside"
    for folder in (data / "goes", data / "current", data / "next", aside):
        (folder / "sub").mkdir(parents=True)
        (folder / "sub" / "old").write_text(folder.name)
        os.utime(folder / "sub" / "old", (1.0, 1.0))
    (data / "rights").write_text("x")

    def change() -> None:
        shutil.rmtree(data / "goes")
        aside.rename(data / "came")
        (data / "current").rename(tmp_path / "last")
        (data / "next").rename(data / "current")
        (data / "made" / "f").mkdir(parents=True)
        (data / "link").symlink_to("rights")
        (data / "rights").chmod(0o600)

    meddle(monkeypatch, change)
    take(engine, subject, tmp_path)
    result = bring_back(engine, tmp_path / "back")
    assert result.identical
    assert {"data/came/sub/old", "data/made/f", "data/link", "data/rights"} <= set(result.changed)


def test_a_database_that_goes_away_before_it_is_dumped_ends_no_backup(
    engine: ResticEngine, subject: BackupSubject, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Broken: data in which databases come and go are never backed up."""
    fill(data_of(subject))
    for name in ("stays.db", "goes.db"):
        with closing(sqlite3.connect(data_of(subject) / name)) as database:
            database.execute("CREATE TABLE t (a)")
            database.commit()

    def dump_late(*arguments: Any) -> Any:
        """Dump once one of them is gone."""
        (data_of(subject) / "goes.db").unlink(missing_ok=True)
        return dump_databases(*arguments)

    monkeypatch.setattr("tasks.backup.snapshot.dump_databases", dump_late)
    taken = take(engine, subject, tmp_path)
    assert taken.unverified == ()
    result = bring_back(engine, tmp_path / "back")
    assert result.identical
    assert (tmp_path / "back" / "data" / "stays.db").exists()


KILLED = """
import sys
from pathlib import Path
from typing import Any
from blocks.repositories.restic_engine import ResticEngine
from tasks.backup.snapshot import SourceGoneError, snapshot
from tasks.backup.sources import Source
from tasks.backup.sqlite_dump import dump_databases
from tasks.backup.subject import BackupSubject

home, data = map(Path, sys.argv[1:])
snapshot(
    ResticEngine(str(home / "repo"), "hunter22", cache=home / "cache"),
    BackupSubject("shop", "prod", (Source("data", data),)),
    home / "staging",
    lambda progress: None,
)
"""


def test_a_killed_backup_costs_nothing(
    engine: ResticEngine, subject: BackupSubject, tmp_path: Path
) -> None:
    """After a kill -9 earlier snapshots are damaged, or the next backup does not work."""
    fill(data_of(subject))
    first = take(engine, subject, tmp_path)
    (data_of(subject) / "big").write_bytes(os.urandom(100_000_000))
    staging, locks = tmp_path / "staging" / "slipway-snapshot", tmp_path / "repo" / "locks"
    command = [sys.executable, "-c", KILLED, str(tmp_path), str(data_of(subject))]
    child = subprocess.Popen(command)
    while not (staging.exists() and any(locks.iterdir())):  # restic has begun
        assert child.poll() is None
        time.sleep(0.01)
    child.send_signal(signal.SIGKILL)
    child.wait()
    assert staging.exists()
    assert bring_back(engine, tmp_path / "before", first.id).files == first.files
    (data_of(subject) / "sub" / "deep").chmod(0o750)
    shutil.rmtree(data_of(subject) / "sub" / "deep")
    taken = take(engine, subject, tmp_path)
    assert taken.files == 5
    engine.check()
    assert bring_back(engine, tmp_path / "after").identical
