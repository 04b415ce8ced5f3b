"""Tests of the logs of the stack's parts, which are bounded, and of a full disk."""

from __future__ import annotations

from pathlib import Path

import pytest

from stack.log import rotate


def test_a_log_that_finds_no_room_for_its_copy_makes_some(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Broken: half a copy takes the last room, or the log is lost with it."""
    log, aside = tmp_path / "server.log", tmp_path / "server.log.1"
    log.write_bytes(b"x" * 100)
    aside.write_bytes(b"older")

    def half(_: Path, copy: Path) -> None:
        """Copy until there is no room."""
        copy.write_bytes(b"x" * 20)
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("shutil.copyfile", half)
    with pytest.raises(OSError, match="No space left"):
        rotate(log, max_bytes=50)
    assert log.read_bytes() == b"x" * 100
    assert not aside.exists()


def test_a_grown_log_is_moved_aside_while_it_is_written(tmp_path: Path) -> None:
    """A log would fill the disk, or its writer would go on in a file nobody sees."""
    log = tmp_path / "server.log"
    with log.open("ab", buffering=0) as writer:
        writer.write(b"x" * 100)
        rotate(log, max_bytes=50)
        writer.write(b"after")
    assert log.read_bytes() == b"after"
    assert (tmp_path / "server.log.1").read_bytes() == b"x" * 100
    rotate(log, max_bytes=50)
    assert log.read_bytes() == b"after"
