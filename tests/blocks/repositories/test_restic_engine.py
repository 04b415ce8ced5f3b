"""Tests of the real restic on real folders: backups, restores, refusals and kills."""

import contextlib
import os
import secrets
import shutil
from pathlib import Path

import pytest

from blocks.errors import MissingProgramError
from blocks.repositories.errors import (
    RepositoryDamagedError,
    RepositoryForbiddenError,
    RepositoryFullError,
    RepositoryUnreachableError,
    SnapshotMissingError,
    UnreadableSourceError,
    WrongPasswordError,
)
from blocks.repositories.interface import Progress
from blocks.repositories.restic_engine import ResticEngine

if not shutil.which("restic") and os.environ.get("SLIPWAY_REQUIRE_RESTIC") != "1":
    pytest.skip("restic is not installed", allow_module_level=True)
pytestmark = pytest.mark.integration


def ignore(progress: Progress) -> None:
    """Take no notice of progress."""


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A folder with a little of everything."""
    folder = tmp_path / "data"
    (folder / "sub [x]").mkdir(parents=True)
    (folder / "a.txt").write_text("hello")
    (folder / "sub [x]" / "b*").write_bytes(secrets.token_bytes(300_000))
    (folder / "sub [x]" / "bc").write_text("kept")
    return folder


def copies(engine: ResticEngine) -> list[str]:
    """Return the ids of all snapshots."""
    return [item.id for item in engine.snapshots()]


def test_backup_lists_reads_and_restores(engine: ResticEngine, data: Path, tmp_path: Path) -> None:
    """A backup cannot be found, read or brought back; or an exclude takes its neighbour along."""
    progress: list[Progress] = []
    stored = engine.backup(
        [data], [data / "sub [x]" / "b*"], ["slipway", "project=p"], progress.append
    )
    (snapshot,) = engine.snapshots(["slipway", "project=p"])
    assert engine.snapshots(["project=other"]) == []
    assert snapshot.id.startswith(stored.id)
    assert snapshot.paths == (str(data),)
    assert snapshot.host == "slipway"
    kinds = {entry.path: entry.kind for entry in engine.entries(snapshot.id)}
    assert kinds[str(data / "a.txt")] == "file"
    assert str(data / "sub [x]" / "b*") not in kinds
    assert engine.read(snapshot.id, str(data / "a.txt")) == b"hello"
    engine.restore(snapshot.id, tmp_path / "back")
    assert (tmp_path / "back" / data.relative_to("/") / "sub [x]" / "bc").read_text() == "kept"
    assert progress
    engine.check("100%")
    engine.forget([snapshot.id])
    assert copies(engine) == []


def test_wrong_password(engine: ResticEngine, data: Path) -> None:
    """A wrong password reads as an unknown failure, or creates a second repository."""
    engine.backup([data], [], [], ignore)
    with pytest.raises(WrongPasswordError, match="Set `password`"):
        ResticEngine(engine.location, "wrong", cache=engine.cache).backup([data], [], [], ignore)


def test_password_stands_in_no_command_line(data: Path, tmp_path: Path) -> None:
    """Any local user can read the password in the list of processes or the environment."""
    spy = tmp_path / "spy"
    spy.write_text(
        f'#!/bin/sh\necho "$@" >>{tmp_path}/seen\nenv >>{tmp_path}/seen\nexec restic "$@"\n'
    )
    spy.chmod(0o755)
    spied = ResticEngine(str(tmp_path / "r"), "hunter22", cache=tmp_path / "c", program=str(spy))
    spied.backup([data], [], [], ignore)
    environment = (tmp_path / "seen").read_text()
    assert "backup" in environment
    assert "hunter22" not in environment


def test_missing_restic_names_the_command_that_installs_it(data: Path, tmp_path: Path) -> None:
    """A user without restic gets a FileNotFoundError."""
    absent = ResticEngine(str(tmp_path / "r"), "x", program="restic-that-is-not-there")
    with pytest.raises(MissingProgramError, match="install restic"):
        absent.backup([data], [], [], ignore)


def test_unreachable_and_foreign_places(data: Path, tmp_path: Path) -> None:
    """A place that does not answer is initialised, or a folder of the user's is written to."""
    with pytest.raises(RepositoryUnreachableError):
        ResticEngine("sftp:nobody@nowhere.invalid:/r", "x").backup([data], [], [], ignore)
    with pytest.raises(RepositoryDamagedError, match="neither empty nor"):
        ResticEngine(str(data), "x").backup([data], [], [], ignore)
    assert (data / "a.txt").exists()
    assert not (data / "config").exists()


def test_forbidden_place(data: Path, tmp_path: Path) -> None:
    """A repository that may not be written reads as an unknown failure."""
    if os.geteuid() == 0:
        place = "/proc/sys/repo" if Path("/proc/sys").is_dir() else ""
        if not place:
            pytest.skip("root may write everywhere here")
        with pytest.raises(Exception, match=place):
            ResticEngine(place, "x").backup([data], [], [], ignore)
        return
    (tmp_path / "shut").mkdir(mode=0o500)
    with pytest.raises(RepositoryForbiddenError):
        ResticEngine(str(tmp_path / "shut" / "r"), "x").backup([data], [], [], ignore)


def test_a_full_disk_is_named_with_what_to_do(data: Path, tmp_path: Path, small_disk: Path) -> None:
    """Who backs up to a full disk is told to run a command of restic by hand."""
    (data / "big").write_bytes(secrets.token_bytes(3_000_000))
    engine = ResticEngine(str(small_disk / "repo"), "hunter22", cache=tmp_path / "cache")
    with pytest.raises(RepositoryFullError, match="no space left on device") as raised:
        engine.backup([data], [], [], ignore)
    assert f"No room is left on the file system at {small_disk} (" in str(raised.value)
    assert "restic command by hand" not in str(raised.value)


def test_a_restic_that_finds_no_room_for_its_complaint_tells_of_no_damage(small_disk: Path) -> None:
    """Broken: a sound repository is called damaged, and the user told to start a new one."""
    engine = ResticEngine(str(small_disk / "repo"), "hunter22", program="false")
    with pytest.raises(RepositoryDamagedError, match=r"restic ended with code 1\. Keep") as damaged:
        engine.check()
    assert str(damaged.value).count(str(small_disk)) == 1
    with contextlib.suppress(OSError):
        (small_disk / "filler").write_bytes(bytes(2_000_000))
    with pytest.raises(RepositoryFullError, match=f"No room is left on .* at {small_disk} "):
        engine.check()


def test_unknown_snapshot(engine: ResticEngine, data: Path, tmp_path: Path) -> None:
    """An id that nothing bears reads as damage."""
    engine.backup([data], [], [], ignore)
    with pytest.raises(SnapshotMissingError):
        engine.restore("00000000", tmp_path / "back")


def test_absent_source_is_a_failure(engine: ResticEngine, data: Path) -> None:
    """Restic skips an absent folder and ends with 0: a backup of nothing looks like one."""
    with pytest.raises(UnreadableSourceError, match="gone"):
        engine.backup([data, data / "gone"], [], [], ignore)


def test_an_unreadable_file_is_named(engine: ResticEngine, data: Path, tmp_path: Path) -> None:
    """A backup that lacks a file (restic's exit code 3) passes for a complete one."""
    (data / "a.txt").chmod(0)
    weak = tmp_path / "restic-without-privileges"
    if os.geteuid() == 0:
        if not shutil.which("setpriv"):
            pytest.skip("root reads everything, and there is no setpriv to hinder it")
        caps = "-dac_override,-dac_read_search"
        weak.write_text(
            f'#!/bin/sh\nexec setpriv --bounding-set={caps} --inh-caps={caps} restic "$@"\n'
        )
    else:
        weak.write_text('#!/bin/sh\nexec restic "$@"\n')
    weak.chmod(0o755)
    hindered = ResticEngine(engine.location, engine.password, cache=engine.cache, program=str(weak))
    assert hindered.backup([data], [], [], ignore).unread == (str(data / "a.txt"),)


def largest(folder: Path) -> Path:
    """Return the largest file below a folder."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return max(files, key=lambda path: path.stat().st_size)


@pytest.mark.parametrize("part", ["data", "index", "snapshots"])
def test_check_finds_damage(engine: ResticEngine, data: Path, part: str) -> None:
    """A repository with a flipped byte or a lost file passes the integrity check."""
    engine.backup([data], [], [], ignore)
    assert engine.folder
    file = largest(engine.folder / part)
    content = bytearray(file.read_bytes())
    content[len(content) // 3] ^= 1
    file.chmod(0o600)
    file.write_bytes(content)
    with pytest.raises(RepositoryDamagedError):
        engine.check("100%")


def test_check_finds_a_lost_pack_without_reading_data(engine: ResticEngine, data: Path) -> None:
    """The structural check, which every backup ends with, misses lost data."""
    engine.backup([data], [], [], ignore)
    engine.check()
    assert engine.folder
    # The largest holds file contents; restic looks for a lost tree for minutes before it says so.
    largest(engine.folder / "data").unlink()
    with pytest.raises(RepositoryDamagedError):
        engine.check()
