"""Tests of the temporary folder in the home, whose path is short enough for sockets."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from stack import temporary
from stack.temporary import (
    IDLE_SECONDS,
    clear_temporary_folder,
    make_temporary_folder,
    remove_link,
    temporary_folder,
)
from tasks.errors import BadInputError


def test_the_temporary_folder_is_in_the_home_and_of_its_owner(tmp_path: Path) -> None:
    """Broken: the second user of a machine gets a worker that cannot start."""
    root = tmp_path / "home" / ("deep" * 10)
    make_temporary_folder(root)
    folder = temporary_folder(root)
    assert folder.resolve() == (root / "tmp").resolve()
    assert (root / "tmp").stat().st_mode & 0o077 == 0
    assert len(str(folder)) <= temporary.MAX_PATH_LENGTH
    remove_link(root)
    assert not os.path.lexists(folder)
    assert (root / "tmp").is_dir()


def test_a_short_home_needs_no_link() -> None:
    """Broken: links would pile up outside of homes."""
    assert temporary_folder(Path("/srv/slipway")) == Path("/srv/slipway/tmp")


def test_what_lies_in_the_place_of_the_link_is_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Broken: another user could have our temporary files land in a folder of theirs."""
    monkeypatch.setattr(temporary, "LINKS_FOLDER", tmp_path)
    root = tmp_path / "home" / ("deep" * 10)
    temporary_folder(root).mkdir()
    with pytest.raises(BadInputError, match="is not our link"):
        make_temporary_folder(root)


@pytest.mark.integration
def test_what_nobody_uses_is_removed_after_a_day(tmp_path: Path) -> None:
    """Broken: a disk fills with what killed builds have left, or a live one loses its files."""
    root, now = tmp_path / "home", time.time()
    make_temporary_folder(root)
    folder = root / "tmp"
    for name in ("old", "young", "cwd", "open", "named"):
        (folder / name / "below").mkdir(parents=True)
        (folder / name / "below" / "file").write_text("x")
    (folder / "loose").write_text("x")
    for path in [*folder.rglob("*"), folder]:
        os.utime(path, (now - 2 * IDLE_SECONDS,) * 2)
    os.utime(folder / "young" / "below" / "file", (now, now))
    program = "import sys; file = open(sys.argv[1]); print('ready', flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [
            sys.executable,
            "-c",
            program,
            os.path.relpath(folder / "open" / "below" / "file", folder / "cwd"),
        ],
        cwd=folder / "cwd",
        env=os.environ | {"SOME_CACHE": str(temporary_folder(root) / "named" / "below")},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as user:
        assert user.stdout
        user.stdout.readline()
        assert clear_temporary_folder(root, now) == 2
        assert sorted(path.name for path in folder.iterdir()) == ["cwd", "named", "open", "young"]
        user.kill()
    assert clear_temporary_folder(root, now) == 3
    assert [path.name for path in folder.iterdir()] == ["young"]
    remove_link(root)


@pytest.mark.slow
def test_what_lies_deep_is_looked_at_and_removed(tmp_path: Path, nest: Callable[..., None]) -> None:
    """Broken: one nested folder of a build ends every run of retention."""
    nest(tmp_path / "tmp" / "old")
    assert clear_temporary_folder(tmp_path, time.time()) == 0
    assert clear_temporary_folder(tmp_path, time.time() + 2 * IDLE_SECONDS) == 1
    assert list((tmp_path / "tmp").iterdir()) == []
