"""Tests that recognise a full file system in messages, and name it."""

from __future__ import annotations

from pathlib import Path

import pytest

from blocks.file_system import full_file_system, mount_of, tells_no_room, told_full


@pytest.mark.parametrize(
    ("message", "full"),
    [
        ("cp: error writing '/srv/a': No space left on device", True),
        ("npm error code ENOSPC", True),
        ("error: Disk quota exceeded (os error 122)", True),
        ("OSError: [Errno 28] No space left on device", True),
        ("sqlite3.OperationalError: database or disk is full", True),
        ("OSError: [Errno 2] No such file or directory", False),
        ("there is no space left in this title", False),
    ],
)
def test_it_is_known_by_the_words_of_system_npm_and_sqlite(message: str, full: bool) -> None:
    """Broken: a full disk passes for a defect, or a defect for a full disk."""
    assert tells_no_room(message) is full


def test_it_is_named_once_and_where_somebody_tells_of_it(tmp_path: Path) -> None:
    """Broken: a message names no disk, two of them, or one that has room."""
    message = told_full("the ledger failed: database or disk is full.", tmp_path)
    mount = mount_of(tmp_path)
    assert message.startswith(
        "the ledger failed: database or disk is full. No room is left on the "
    )
    assert f"at {mount} (" in message
    assert "MiB free by now). Make room there" in message
    assert told_full(f"reverted: {message}", Path("/proc")) == f"reverted: {message}"
    assert told_full("the ledger failed: it is locked", tmp_path).endswith("locked")


def test_the_mount_of_what_is_not_there_is_that_of_its_nearest_folder(tmp_path: Path) -> None:
    """Broken: the file that could not be written cannot be looked at either."""
    assert mount_of(tmp_path / "not" / "there") == mount_of(tmp_path)
    assert mount_of(Path("/proc/self")) == Path("/proc")


@pytest.mark.integration
def test_it_is_the_fullest_of_those_that_are_named(small_disk: Path, tmp_path: Path) -> None:
    """Broken: somebody makes room on a disk that has plenty."""
    (small_disk / "a").write_bytes(bytes(1 << 20))
    sentence = full_file_system("No space left on device", tmp_path, small_disk / "b")
    assert (
        f"No room is left on the file system at {small_disk} (0.0 of 1.0 MiB free by now)"
        in sentence
    )
    for copied in (
        f"cp: error copying '{small_disk}/a' to '{tmp_path}/b': No space left on device",
        f"[Errno 28] No space left on device: '{small_disk}/a' -> '{tmp_path}/b'",
        f"[('{small_disk}/a', '{tmp_path}/b', '[Errno 28] No space left on device')]",
    ):
        assert f"at {mount_of(tmp_path)} (" in full_file_system(copied)
    quoted = full_file_system(f"x: '{tmp_path}': No space left on device")
    assert f"at {mount_of(tmp_path)} (" in quoted
