"""Tests of the removal of folders, and of the report on what cannot be removed."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from blocks.removal import discard, remove

Nest = Callable[..., None]


@pytest.mark.slow
@pytest.mark.parametrize(("depth", "name"), [(400, "d"), (40, "d" * 200)])
def test_it_goes_at_any_depth_and_of_any_length(
    tmp_path: Path, nest: Nest, depth: int, name: str
) -> None:
    """Broken: folders that one step has nested end every later run with a RecursionError."""
    nest(tmp_path / "top", depth, name)
    nest(tmp_path / "top" / "beside", 3)
    remove(tmp_path / "top")
    assert list(tmp_path.iterdir()) == []


def test_what_a_link_leads_to_stays(tmp_path: Path) -> None:
    """Broken: a link in a workspace empties the folder of somebody else."""
    other, top = tmp_path / "other", tmp_path / "top"
    other.mkdir()
    (other / "file").touch()
    top.mkdir()
    (top / "link").symlink_to(other)
    remove(top)
    top.symlink_to(other)
    with pytest.raises(OSError, match="top"):
        remove(top)
    assert (other / "file").exists()


def test_all_that_can_be_removed_is_and_the_first_that_cannot_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Broken: nobody learns which file is left, or one file keeps all others."""
    for name in ("a", "b", "c"):
        (tmp_path / "top" / name).mkdir(parents=True)
        (tmp_path / "top" / name / f"{name}.txt").touch()
    unlink = os.unlink

    def refuse_one(path: str, **kwargs: Any) -> None:
        """Refuse it as a file system does that is read-only there."""
        if path == "b.txt":
            raise OSError(30, "Read-only file system", path)
        unlink(path, **kwargs)

    monkeypatch.setattr("blocks.removal.os.unlink", refuse_one)
    leftover = tmp_path / "top" / "b" / "b.txt"
    with pytest.raises(OSError, match="Read-only file system") as raised:
        remove(tmp_path / "top")
    assert raised.value.filename == str(leftover)
    assert [path for path in (tmp_path / "top").rglob("*") if path.is_file()] == [leftover]
    assert f"cannot be removed: {leftover}: Read-only file system." in discard(tmp_path / "top")
    monkeypatch.undo()
    assert discard(tmp_path / "top") == ""
    assert list(tmp_path.iterdir()) == []


def test_what_is_not_there_is_an_error_only_for_who_removes_it(tmp_path: Path) -> None:
    """Broken: a leftover that somebody else has removed is told of."""
    with pytest.raises(FileNotFoundError, match="gone"):
        remove(tmp_path / "gone")
    assert discard(tmp_path / "gone") == ""


def test_folders_that_nobody_may_change_are_removed(tmp_path: Path) -> None:
    """Broken: the cache of Go modules, which is read-only, stays for ever."""
    inner = tmp_path / "top" / "inner"
    inner.mkdir(parents=True)
    (inner / "file").touch()
    inner.chmod(0o000)
    inner.parent.chmod(0o500)
    remove(tmp_path / "top")
    assert list(tmp_path.iterdir()) == []
