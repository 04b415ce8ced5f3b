"""Where a restore may write: refused before anything is written."""

from dataclasses import replace
from pathlib import Path

import pytest

from blocks.repositories.interface import StoredEntry
from tasks.backup.manifest import Manifest, ManifestError
from tasks.backup.sources import Source
from tasks.backup.subject import BackupSubject
from tasks.backup.target import check_entries, check_room, check_target, refuse_kept
from tasks.backup.tree import FILE, TreeEntry
from tasks.errors import BadInputError

MANIFEST = Manifest(
    BackupSubject("p", "e", (Source("data", Path("/live/data")),)),
    "/st",
    0,
    0,
    ("data/a/x.db",),
    (),
)
ENTRIES = [
    StoredEntry("/live", "dir"),
    StoredEntry("/live/data", "dir"),
    StoredEntry("/live/data/a", "dir"),
    StoredEntry("/live/data/link", "symlink"),
    StoredEntry("/st", "dir"),
    StoredEntry("/st/databases/data/a/x.db", "file"),
]


def test_a_new_and_an_empty_folder_are_taken(tmp_path: Path) -> None:
    """Nothing can be restored."""
    assert check_target(tmp_path, []) == tmp_path
    assert check_target(tmp_path / "a" / "b", [("repository", None)]) == tmp_path / "a" / "b"


def test_targets_that_are_refused(tmp_path: Path) -> None:
    """A restore overwrites live data, the repository, or what a link points at."""
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "file").write_text("x")
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    (tmp_path / "dangling").symlink_to(tmp_path / "nowhere")
    refused = {
        Path("relative"): "full path",
        tmp_path / "real" / ".." / "up": "full path",
        tmp_path / "link": "symbolic link",
        tmp_path / "link" / "sub": "symbolic link",
        tmp_path / "dangling": "symbolic link",
        tmp_path / "full": "not empty",
        tmp_path / "full" / "file": "is not a folder",
        tmp_path / "full" / "file" / "sub": "cannot be written",
        tmp_path / "repo" / "sub": "lies in the repository",
    }
    for target, problem in refused.items():
        with pytest.raises(BadInputError, match=problem):
            check_target(target, [("repository", tmp_path / "repo")])
    assert list((tmp_path / "real").iterdir()) == []


@pytest.mark.parametrize(
    ("below", "problem"),
    [
        ("", "holds the home of Slipway"),
        ("clone", "holds the home of Slipway"),
        ("clone/.slipway", "lies in the home of Slipway"),
        ("clone/.slipway/releases/shop", "lies in the home of Slipway"),
        ("clone/.slipway/data/shop/dev", "lies in the home of Slipway"),
        ("clone/tasks/new", "lies in the folder of Slipway itself"),
        ("clone/.git/objects/new", "lies in the folder of Slipway itself"),
        ("disk", "holds the repository offsite"),
        ("disk/offsite", "lies in the repository offsite"),
        ("disk/offsite/data/new", "lies in the repository offsite"),
    ],
)
def test_what_slipway_keeps_is_no_target(tmp_path: Path, below: str, problem: str) -> None:
    """A restore writes into releases, the data of a service, or Slipway's own code."""
    (tmp_path / "clone" / ".slipway").mkdir(parents=True)
    with pytest.raises(BadInputError, match=problem) as refusal:
        _refuse(tmp_path, tmp_path / below)
    assert refusal.value.field == "target"
    assert refusal.value.value == str(tmp_path / below)
    assert "Give a folder elsewhere" in refusal.value.remedy


def test_a_link_into_what_slipway_keeps_is_no_target(tmp_path: Path) -> None:
    """A link, or a home that is reached by one, leads a restore into a release."""
    (tmp_path / "clone" / ".slipway").mkdir(parents=True)
    (tmp_path / "link").symlink_to(tmp_path / "clone" / ".slipway")
    with pytest.raises(BadInputError, match="home of Slipway"):
        _refuse(tmp_path, tmp_path / "link" / "new")
    with pytest.raises(BadInputError, match="home of Slipway"):
        refuse_kept(tmp_path / "clone/.slipway/new", tmp_path / "link", tmp_path / "clone", {}, {})


def test_the_data_of_another_project_is_no_target(tmp_path: Path) -> None:
    """Broken: what is restored serves, and is backed up, as data of another project."""
    (tmp_path / "link").symlink_to(tmp_path / "shop-data")
    data = {"data of shop": [tmp_path / "shop-data"], "data of blog": []}
    home, clone = tmp_path / "home", tmp_path / "clone"
    for target in (tmp_path / "shop-data", tmp_path / "shop-data" / "new", tmp_path / "link" / "x"):
        with pytest.raises(BadInputError, match="lies in the data of shop"):
            refuse_kept(target, home, clone, {}, data)
    refuse_kept(tmp_path / "shop-data-2", home, clone, {}, data)


@pytest.mark.parametrize("target", ["restored", "~/restored"])
def test_a_target_that_is_no_full_path_is_refused_as_such(tmp_path: Path, target: str) -> None:
    """Broken: it is taken for a folder below that of Slipway, and another remedy is given."""
    with pytest.raises(BadInputError, match="is not a full path"):
        _refuse(tmp_path, Path(target))


def test_a_new_folder_directly_in_that_of_slipway_is_taken(tmp_path: Path) -> None:
    """The line of the README restores nothing where `slipway.yaml` lies beside Slipway's code."""
    _refuse(tmp_path, tmp_path / "clone" / "restored")
    _refuse(tmp_path, tmp_path / "elsewhere" / "restored")


def _refuse(folder: Path, target: Path) -> None:
    """Refuse ``target`` for a home in the clone of Slipway, and a repository on a disk."""
    home, program = folder / "clone" / ".slipway", folder / "clone"
    refuse_kept(target, home, program, {"offsite": folder / "disk" / "offsite", "s3": None}, {})


def test_a_disk_without_room_is_refused(tmp_path: Path) -> None:
    """A restore fills the disk before it fails."""
    check_room(tmp_path / "new", 1)
    with pytest.raises(BadInputError, match="bytes free"):
        check_room(tmp_path / "new", 1 << 62)


def test_a_sound_snapshot_is_taken() -> None:
    """A snapshot of our own is refused."""
    check_entries(ENTRIES, MANIFEST)


@pytest.mark.parametrize(
    "entry",
    [
        StoredEntry("/etc/passwd", "file"),
        StoredEntry("/live/data/../../etc/passwd", "file"),
        StoredEntry("/live/data/link/x", "file"),
        StoredEntry("/live/data/a/x.db", "symlink"),
    ],
)
def test_paths_that_escape_are_refused(entry: StoredEntry) -> None:
    """A forged snapshot writes outside the target."""
    with pytest.raises(ManifestError):
        check_entries([*ENTRIES, entry], MANIFEST)


@pytest.mark.parametrize(
    "database", ["data/../../x", "/etc/x", "data/link/x", "other/x", "data", "data/a/none"]
)
def test_dumps_that_escape_are_refused(database: str) -> None:
    """A forged manifest puts a dump outside the target."""
    with pytest.raises(ManifestError):
        check_entries(ENTRIES, replace(MANIFEST, databases=(database,)))


@pytest.mark.parametrize("name", ["..", "a/b", "", "manifest.json", ".restoring"])
def test_sources_that_escape_are_refused(name: str) -> None:
    """A forged source name puts a folder outside the target."""
    subject = BackupSubject("p", "e", (Source(name, Path("/live/data")),))
    with pytest.raises(ManifestError):
        check_entries(ENTRIES, replace(MANIFEST, subject=subject, databases=()))


@pytest.mark.parametrize(
    "path", ["/live/data/../../other", "live/data", "/live/none", "/live/data/link"]
)
def test_folders_that_escape_are_refused(path: str) -> None:
    """A forged place of a source moves a folder from beside the target into it."""
    subject = BackupSubject(
        "p", "e", (Source("data", Path("/live/data")), Source("up", Path(path)))
    )
    with pytest.raises(ManifestError, match="which is not a folder in it"):
        check_entries(ENTRIES, replace(MANIFEST, subject=subject))


@pytest.mark.parametrize("path", ["/live/data/a", "/live", "/st"])
def test_folders_that_lie_in_each_other_are_refused(path: str) -> None:
    """The one is moved away with the other, and the restore breaks off in the middle."""
    subject = BackupSubject(
        "p", "e", (Source("data", Path("/live/data")), Source("up", Path(path)))
    )
    with pytest.raises(ManifestError, match="lie in each other"):
        check_entries(ENTRIES, replace(MANIFEST, subject=subject))


@pytest.mark.parametrize("path", ["other/x", "data/../x", "", "/data"])
def test_entries_that_belong_to_no_source_are_refused(path: str) -> None:
    """A forged manifest ends the restore by an exception that says nothing."""
    with pytest.raises(ManifestError, match="belongs to no source"):
        check_entries(ENTRIES, replace(MANIFEST, entries=(TreeEntry(path, FILE, 0o600),)))
