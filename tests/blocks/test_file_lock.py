"""Tests of locks between processes of this machine."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from blocks import file_lock


@pytest.mark.parametrize("kind", ["file", "folder"])
def test_only_one_holds_it_and_nobody_waits(tmp_path: Path, kind: str) -> None:
    """Broken: two processes write the same thing, or one waits for ever."""
    path = tmp_path if kind == "folder" else tmp_path / "lock"
    flags = file_lock.FOLDER if kind == "folder" else file_lock.FILE
    with file_lock.unless_held(path, flags) as first, file_lock.unless_held(path, flags) as second:
        assert first is not None
        assert second is None
    with file_lock.unless_held(path, flags) as again:
        assert again is not None


def test_an_open_file_is_locked_until_it_is_closed(tmp_path: Path) -> None:
    """Broken: who signs a lock with a name would have to open it twice."""
    path = tmp_path / "lock"
    with path.open("a+") as one:
        assert file_lock.take(one)
        with path.open("a+") as other:
            assert not file_lock.take(other)
    with path.open("a+") as last:
        assert file_lock.take(last.fileno())


@pytest.mark.integration
def test_a_process_that_inherits_the_descriptor_holds_it_on(tmp_path: Path) -> None:
    """Broken: a shim or a copying program that outlives its starter is not seen."""
    path = tmp_path / "lock"
    with file_lock.unless_held(path) as lock:
        assert lock is not None
        child = subprocess.Popen(
            [sys.executable, "-c", "input()"], stdin=subprocess.PIPE, pass_fds=[lock]
        )
    with file_lock.unless_held(path) as meanwhile:
        assert meanwhile is None
    child.communicate(b"\n")
    with file_lock.unless_held(path) as later:
        assert later is not None


def test_a_lock_file_is_for_its_owner_alone_and_not_inherited(tmp_path: Path) -> None:
    """Broken: another user could hold it, or every program that we start would."""
    with file_lock.unless_held(tmp_path / "lock") as lock:
        assert lock is not None
        assert not os.get_inheritable(lock)
        assert (tmp_path / "lock").stat().st_mode & 0o077 == 0


def test_a_folder_that_is_gone_is_no_lock(tmp_path: Path) -> None:
    """Broken: a release that was removed would be made anew as an empty file."""
    with pytest.raises(FileNotFoundError), file_lock.unless_held(tmp_path / "a", file_lock.FOLDER):
        pass
    assert not (tmp_path / "a").exists()
