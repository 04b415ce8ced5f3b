"""Tests of trees: walked, made, copied and moved at any depth."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from blocks import tree

Nest = Callable[..., None]


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """Give a tree with a bit of everything."""
    top = tmp_path / "small"
    for place in ("b/inner", "a", "c/empty"):
        (top / place).mkdir(parents=True)
    (top / "b" / "inner" / "file").write_text("inner")
    (top / "file").write_text("outer")
    (top / "file").chmod(0o754)
    (top / "to-a-folder").symlink_to("b")
    (top / "to-nowhere").symlink_to("nowhere")
    os.utime(top / "b", (1000, 1000))
    return top


def test_a_walk_goes_as_that_of_the_standard_library(small: Path) -> None:
    """Broken: links are followed, or what is pruned is gone into."""
    assert list(tree.walk(small)) == list(os.walk(small))
    walked = []
    for folder, folders, _ in tree.walk(str(small)):
        walked.append(os.path.relpath(folder, small))
        folders[:] = sorted(set(folders) - {"b"})
    assert walked == [".", "a", "c", "c/empty"]


@pytest.mark.slow
def test_a_walk_goes_to_any_depth(tmp_path: Path, nest: Nest) -> None:
    """Broken: folders that a service has nested end each backup with a RecursionError."""
    nest(tmp_path / "top")
    assert len(list(tree.walk(tmp_path / "top"))) == 401


@pytest.mark.slow
def test_a_walk_tells_where_the_system_ends(tmp_path: Path, nest: Nest) -> None:
    """Broken: what lies below a path that is too long is taken not to be there."""
    nest(tmp_path / "top", 40, "d" * 200)
    errors: list[OSError] = []
    assert len(list(tree.walk(tmp_path / "top", errors.append))) < 40
    [error] = errors
    assert len(error.filename) > 3900
    assert "too long" in str(error.strerror)
    with pytest.raises(OSError, match="too long"):
        list(tree.walk(tmp_path / "top", tree.raise_error))
    with pytest.raises(FileNotFoundError, match="gone"):
        list(tree.walk(tmp_path / "gone", tree.raise_error))


@pytest.mark.slow
def test_folders_are_made_to_any_depth(tmp_path: Path, nest: Nest) -> None:
    """Broken: the member of an archive that lies deep ends the build with a RecursionError."""
    deep = tmp_path.joinpath(*["d"] * 400)
    tree.make(deep, 0o700)
    tree.make(deep, 0o755)
    assert stat.S_IMODE(deep.stat().st_mode) == 0o700
    (tmp_path / "file").touch()
    with pytest.raises(FileExistsError, match="file"):
        tree.make(tmp_path / "file" / "below")


def test_a_copy_has_all_that_the_original_has(small: Path, tmp_path: Path) -> None:
    """Broken: a link becomes what it leads to, or a program loses its mode."""
    tree.copy(small, tmp_path / "copy")
    assert _described(tmp_path / "copy") == _described(small)


@pytest.mark.slow
def test_a_copy_and_a_move_go_to_any_depth(tmp_path: Path, nest: Nest, small_disk: Path) -> None:
    """Broken: the data folder of a release that is nested cannot be carried over."""
    nest(tmp_path / "top")
    tree.copy(tmp_path / "top", tmp_path / "copy")
    assert len(list(tree.walk(tmp_path / "copy"))) == 401
    tree.move(tmp_path / "copy", tmp_path / "moved")
    nest(tmp_path / "other", 200)
    tree.move(tmp_path / "other", small_disk / "other")  # another file system
    assert len(list(tree.walk(small_disk / "other"))) == 201
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == ["moved", small_disk.name, "top"]


def _described(top: Path) -> list[tuple[str, int, int, str]]:
    descriptions = []
    for path in sorted(top.rglob("*")):
        status = path.lstat()
        content = path.readlink() if path.is_symlink() else path.is_file() and path.read_text()
        name = str(path.relative_to(top))
        descriptions.append((name, status.st_mode, status.st_mtime_ns, str(content)))
    return descriptions
