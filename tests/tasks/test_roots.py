"""Tests of the allowed roots of paths that operations are given."""

from __future__ import annotations

from pathlib import Path

import pytest

from tasks.errors import BadInputError
from tasks.roots import real_path, refuse_outside
from tasks.settings import Settings


def test_what_lies_below_a_root_is_taken(tmp_path: Path) -> None:
    """Broken: the file of a user, in the folder he works in, is refused."""
    (tmp_path / "real").mkdir()
    (tmp_path / "root").symlink_to(tmp_path / "real")
    refuse_outside("file", tmp_path / "real" / "x.yaml", [tmp_path / "root"])
    refuse_outside("file", tmp_path / "root" / "new" / "x.yaml", [Path("/nowhere"), tmp_path])


@pytest.mark.parametrize("path", ["root/../x", "root/link/shadow", "root2", "/etc/shadow"])
def test_what_only_seems_to_lie_below_one_is_refused(tmp_path: Path, path: str) -> None:
    """Broken: `..`, a link, or a name that begins alike leads out of the roots."""
    root = tmp_path / "root"
    root.mkdir()
    (root / "link").symlink_to("/etc")
    with pytest.raises(BadInputError, match=f"^file: lies in none of {root}") as caught:
        refuse_outside("file", tmp_path / path, [root])
    assert "SLIPWAY_ROOTS" in caught.value.remedy


@pytest.mark.parametrize("name", ["loop", "loop/inside", "n" * 256, f"{'n' * 256}/inside"])
def test_a_path_where_no_file_can_be_is_refused(tmp_path: Path, name: str) -> None:
    """Broken: whoever writes one gets the traceback of a program."""
    (tmp_path / "loop").symlink_to("loop")
    with pytest.raises(BadInputError, match="is not a path that can be followed"):
        refuse_outside("target", tmp_path / name, [tmp_path])


def test_the_home_of_a_user_who_is_not_known_is_refused() -> None:
    """Broken: a mistyped name ends in the traceback of a program."""
    with pytest.raises(BadInputError, match="is not a path that can be followed"):
        real_path("projects.web.source", Path("~nobody-of-that-name/web"))


def test_what_is_not_there_yet_is_a_path(tmp_path: Path) -> None:
    """Broken: a restore into a new folder is refused."""
    (tmp_path / "file").touch()
    assert real_path("target", tmp_path / "new" / ".." / "new") == tmp_path / "new"
    assert real_path("target", tmp_path / "file" / "below") == tmp_path / "file" / "below"


def test_the_roots_are_a_setting() -> None:
    """Broken: nobody can allow a folder elsewhere, or take one away."""
    assert Settings(roots="/srv:/mnt/disk").allowed_roots == (Path("/srv"), Path("/mnt/disk"))
    assert Path.home() in Settings(roots="").allowed_roots
