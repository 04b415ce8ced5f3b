"""Which folders are backed up, and which are refused."""

from pathlib import Path

import pytest

from tasks.backup.sources import (
    Source,
    check_sources,
    full_paths,
    hold_anything,
    locate,
    project_sources,
)
from tasks.errors import BadInputError


def test_folders_get_names_of_their_own(tmp_path: Path) -> None:
    """Two folders of one name overwrite each other in a restored copy."""
    folders = [str(tmp_path / name) for name in ("data", "s/up", "s/a/up")]
    sources = project_sources("demo", tmp_path / "d", folders)
    assert [(source.name, source.path.relative_to(tmp_path).as_posix()) for source in sources] == [
        ("data", "d"),
        ("data-2", "data"),
        ("up", "s/a/up"),
        ("up-2", "s/up"),
    ]


def test_a_folder_inside_another_is_not_stored_twice(tmp_path: Path) -> None:
    """A nested folder is backed up, and compared, twice."""
    assert project_sources("demo", tmp_path, [str(tmp_path / "sub")]) == (Source("data", tmp_path),)


def test_what_lies_inside_the_project_is_kept_in_the_data_folder(tmp_path: Path) -> None:
    """The developer's own checkout is backed up instead of what the service writes."""
    assert project_sources("demo", tmp_path, ["uploads", "db.sqlite3"]) == (
        Source("data", tmp_path),
    )


def test_what_cannot_be_backed_up_is_refused(tmp_path: Path) -> None:
    """A backup of an absent folder, or of the repository into itself, is started."""
    with pytest.raises(BadInputError, match="no such folder"):
        check_sources("shop", [Source("data", tmp_path / "none")], [])
    with pytest.raises(BadInputError, match="holds the repository"):
        check_sources("shop", [Source("data", tmp_path)], [("repository", tmp_path / "repo")])
    check_sources("shop", [Source("data", tmp_path)], [("repository", None)])


def test_empty_and_absent_folders_hold_nothing(tmp_path: Path) -> None:
    """A first version is held up by a backup of nothing, or ships over data without one."""
    empty, full = tmp_path / "empty", tmp_path / "full"
    empty.mkdir()
    full.mkdir()
    (full / "shop.db").write_text("")
    nothing = [Source("data", empty), Source("up", tmp_path / "none")]
    assert not hold_anything(nothing)
    assert hold_anything([*nothing, Source("up-2", full)])


def test_locate() -> None:
    """A file is looked for in another source's folder."""
    sources = [Source("data", Path("/a")), Source("up", Path("/b"))]
    assert locate(sources, "up/x/y") == Path("/b/x/y")
    assert locate(sources, "data") == Path("/a")


def test_only_folders_of_their_own_place_lie_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    """Broken: a restore is let into the data that another project keeps in the user's home."""
    monkeypatch.setenv("HOME", "/home/me")
    folders = ["uploads", "/srv/data", "~/shop", "../up"]
    assert full_paths(folders) == [Path("/srv/data"), Path("/home/me/shop")]
