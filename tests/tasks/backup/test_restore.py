"""What a restore refuses, undoes and finds."""

import multiprocessing
import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from blocks.repositories.errors import RepositoryError
from blocks.repositories.interface import Progress, StoredSnapshot
from blocks.repositories.restic_engine import ResticEngine
from tasks.backup.manifest import Manifest, ManifestError
from tasks.backup.remains import WORK
from tasks.backup.restore import CLOCK_TICK_SECONDS, choose, compose, mend, restore
from tasks.backup.snapshot import snapshot
from tasks.backup.sources import Source
from tasks.backup.subject import BackupSubject
from tasks.backup.tree import LINK, TreeEntry
from tasks.errors import BadInputError, NotFoundError

STORED = [StoredSnapshot(id_, at, (), ()) for at, id_ in enumerate(["aa11", "ab22", "cc33"])]


@pytest.mark.parametrize(
    ("requested", "snapshot_id"), [("latest", "cc33"), ("aa", "aa11"), ("c", "cc33")]
)
def test_choose(requested: str, snapshot_id: str) -> None:
    """Another snapshot than the one asked for is restored."""
    assert choose(STORED, requested).id == snapshot_id


@pytest.mark.parametrize("requested", ["a", "zz", ""])
def test_choose_refuses_what_fits_none_or_several(requested: str) -> None:
    """A guess is restored."""
    with pytest.raises(NotFoundError, match="aa11"):
        choose(STORED, requested)
    with pytest.raises(NotFoundError, match="none"):
        choose([], "latest")


def test_only_what_was_restored_is_mended(tmp_path: Path) -> None:
    """A forged manifest replaces a link outside the target, through one that was restored."""
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "mtab").symlink_to("as it was")
    (tmp_path / "back" / "data").mkdir(parents=True)
    (tmp_path / "back" / "data" / "link").symlink_to(tmp_path / "outside")
    forged = tuple(
        TreeEntry(path, LINK, 0, digest="\udcff")
        for path in ("data/link/mtab", "data/../../outside/mtab")
    )
    live = BackupSubject("p", "e", (Source("data", Path("/live/data")),))
    manifest = Manifest(live, "/st", 0, 0, (), forged)
    restored = [Source("data", tmp_path / "back" / "data")]
    mend(restored, manifest, {"/live/data", "/live/data/link"})
    assert str((tmp_path / "outside" / "mtab").readlink()) == "as it was"


def test_only_what_lies_in_the_target_is_mended(tmp_path: Path) -> None:
    """A listing that lies has a link outside the target replaced."""
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "mtab").symlink_to("as it was")
    (tmp_path / "back" / "data").mkdir(parents=True)
    (tmp_path / "back" / "data" / "link").symlink_to(tmp_path / "outside")
    live = BackupSubject("p", "e", (Source("data", Path("/live/data")),))
    forged = (TreeEntry("data/link/mtab", LINK, 0, digest="\udcff"),)
    manifest = Manifest(live, "/st", 0, 0, (), forged)
    with pytest.raises(ManifestError, match="leaves"):
        mend([Source("data", tmp_path / "back" / "data")], manifest, {"/live/data/link/mtab"})
    assert str((tmp_path / "outside" / "mtab").readlink()) == "as it was"


@pytest.mark.parametrize("source", ["/live/data", "/live/../../../outside/data", "/.."])
def test_nothing_is_taken_from_beside_the_work_folder(tmp_path: Path, source: str) -> None:
    """A folder from elsewhere is moved into the target, and deleted where the restore fails."""
    outside, target = tmp_path / "outside", tmp_path / "back"
    (outside / "data").mkdir(parents=True)
    (outside / "data" / "kept").write_text("as it was")
    (target / WORK).mkdir(parents=True)
    (target / WORK / "live").symlink_to(outside)
    subject = BackupSubject("p", "e", (Source("data", Path(source)),))
    with pytest.raises(ManifestError, match="leaves"):
        compose(target, Manifest(subject, "/st", 0, 0, (), ()))
    assert (outside / "data" / "kept").read_text() == "as it was"
    assert list(target.iterdir()) == [target / WORK]


def test_no_dump_is_put_where_a_link_leads(tmp_path: Path) -> None:
    """A dump is written over a file outside the target."""
    outside, target = tmp_path / "outside", tmp_path / "back"
    outside.mkdir()
    (outside / "x.db").write_text("as it was")
    for folder in ("live/data", "st/databases/data/a"):
        (target / WORK / folder).mkdir(parents=True)
    (target / WORK / "live" / "data" / "a").symlink_to(outside)
    (target / WORK / "st" / "databases" / "data" / "a" / "x.db").write_text("forged")
    subject = BackupSubject("p", "e", (Source("data", Path("/live/data")),))
    with pytest.raises(ManifestError, match="leaves"):
        compose(target, Manifest(subject, "/st", 0, 0, ("data/a/x.db",), ()))
    assert (outside / "x.db").read_text() == "as it was"


def ignore(progress: Progress) -> None:
    """Take no notice of progress."""


@dataclass
class Taken:
    """A snapshot in a repository, and what is around it."""

    engine: ResticEngine
    stored: StoredSnapshot
    subject: BackupSubject


@pytest.fixture
def taken(engine: ResticEngine, subject: BackupSubject, tmp_path: Path) -> Taken:
    """A snapshot of two files."""
    data = subject.sources[0].path
    (data / "a").write_text("hello")
    (data / "b").write_bytes(b"x" * 50_000)
    time.sleep(2 * CLOCK_TICK_SECONDS)  # later than this they are not taken for changed meanwhile
    snapshot(engine, subject, tmp_path / "staging", ignore)
    return Taken(engine, engine.snapshots()[0], subject)


@pytest.mark.integration
def test_targets_in_live_data_or_the_repository_are_refused(taken: Taken, tmp_path: Path) -> None:
    """A restore writes into the application's data, or destroys the repository."""
    live = taken.subject.sources[0].path
    for target in (live / "back", tmp_path / "repo" / "back", live):
        with pytest.raises(BadInputError, match=r"lies in|not empty"):
            restore(taken.engine, taken.stored, target)
    assert sorted(path.name for path in live.iterdir()) == ["a", "b"]
    assert not (tmp_path / "repo" / "back").exists()


@pytest.mark.integration
def test_a_failing_restore_leaves_the_target_as_it_was(taken: Taken, tmp_path: Path) -> None:
    """A half restored folder is taken for the whole, or blocks the next attempt."""
    assert taken.engine.folder
    for pack in (taken.engine.folder / "data").rglob("*"):
        if pack.is_file():
            content = bytearray(pack.read_bytes())
            content[10] ^= 1
            pack.chmod(0o600)
            pack.write_bytes(content)
    (tmp_path / "empty").mkdir()
    for target in (tmp_path / "empty", tmp_path / "new" / "sub"):
        with pytest.raises(RepositoryError):
            restore(taken.engine, taken.stored, target)
    assert list((tmp_path / "empty").iterdir()) == []
    assert not (tmp_path / "new").exists()


@pytest.mark.integration
def test_what_a_killed_restore_has_left_is_in_nobodys_way(taken: Taken, tmp_path: Path) -> None:
    """Whoever asks again for the same target is refused, and has to clear it by hand."""

    class Mortal(ResticEngine):
        """An engine over which its process is killed."""

        def restore(self, snapshot_id: str, target: Path) -> None:
            """Restore, and go no further."""
            super().restore(snapshot_id, target)
            os.kill(os.getpid(), signal.SIGKILL)

    mortal = Mortal(taken.engine.location, taken.engine.password, cache=taken.engine.cache)
    target = tmp_path / "back"
    killed = multiprocessing.get_context("fork").Process(
        target=restore, args=[mortal, taken.stored, target]
    )
    killed.start()
    killed.join()
    assert killed.exitcode == -signal.SIGKILL
    assert any(target.iterdir())
    assert restore(taken.engine, taken.stored, target).identical
    assert sorted(child.name for child in target.iterdir()) == ["data", "manifest.json"]
    assert (target / "data" / "a").read_text() == "hello"


@pytest.mark.integration
def test_a_foreign_snapshot_is_refused(taken: Taken, tmp_path: Path) -> None:
    """A snapshot without a manifest is restored, and nobody can say whether it is whole."""
    taken.engine.backup([taken.subject.sources[0].path], [], ["other"], ignore)
    (foreign,) = taken.engine.snapshots(["other"])
    with pytest.raises(ManifestError, match="not taken by Slipway"):
        restore(taken.engine, foreign, tmp_path / "back")
    assert not (tmp_path / "back").exists()


@pytest.mark.integration
def test_a_file_that_restic_wrote_wrongly_is_found(taken: Taken, tmp_path: Path) -> None:
    """A damaged restore passes for identical."""

    class Careless(ResticEngine):
        """An engine that flips a byte and loses a file."""

        def restore(self, snapshot_id: str, target: Path) -> None:
            """Restore, nearly."""
            super().restore(snapshot_id, target)
            place = target / taken.subject.sources[0].path.relative_to("/")
            status = (place / "b").stat()
            (place / "b").write_bytes(b"x" * 49_999 + b"y")
            os.utime(place / "b", ns=(status.st_atime_ns, status.st_mtime_ns))
            (place / "a").unlink()

    careless = Careless(taken.engine.location, taken.engine.password, cache=taken.engine.cache)
    result = restore(careless, taken.stored, tmp_path / "back")
    assert not result.identical
    assert (result.missing, result.differing) == (("data/a",), ("data/b",))
