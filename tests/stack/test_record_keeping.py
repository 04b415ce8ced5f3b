"""Tests of records that are written later if the disk is full."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from stack.disk_reserve import Reserve
from stack.record_keeping import SAME_FAULT_SECONDS, RecordKeeper


class Disk:
    """A disk that may be full; ``written`` is what is on it."""

    def __init__(self) -> None:
        self.full = True
        self.written: list[str] = []

    def write(self, text: str) -> None:
        """Write, where there is room."""
        if self.full:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        self.written.append(text)


class Told:
    """What was said, on a clock of its own."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.now = 100.0

    def clock(self) -> float:
        """Return the time."""
        return self.now


@pytest.fixture
def told() -> Told:
    """Give what notes what is said."""
    return Told()


def test_what_found_no_room_is_written_when_there_is_some(tmp_path: Path, told: Told) -> None:
    """Broken: a part runs that nobody knows of, or the supervisor ends over its record."""
    records, disk = (
        RecordKeeper(Reserve(tmp_path / "reserve"), told.said.append, told.clock),
        Disk(),
    )
    records.write("worker", lambda: disk.write("first worker"))
    records.write("worker", lambda: disk.write("second worker"))
    records.write("router", lambda: disk.write("router"))
    records.forget("router")
    records.catch_up()
    assert disk.written == []
    disk.full = False
    records.catch_up()
    records.catch_up()
    assert disk.written == ["second worker"]


def test_a_full_disk_is_told_once_a_minute(tmp_path: Path, told: Told) -> None:
    """Broken: nobody knows why nothing starts, or the log is what fills the disk."""
    records, disk = (
        RecordKeeper(Reserve(tmp_path / "reserve"), told.said.append, told.clock),
        Disk(),
    )
    records.write("worker", lambda: disk.write("worker"))
    records.catch_up()
    [sentence] = told.said
    assert "worker" in sentence
    assert "No space left" in sentence
    told.now += SAME_FAULT_SECONDS
    records.catch_up()
    assert len(told.said) == 2


def test_the_reserve_is_given_up_when_the_disk_is_full_and_for_no_other_reason(
    tmp_path: Path, told: Told
) -> None:
    """Broken: on a full disk not even the end of a part can be written down."""
    reserve = Reserve(tmp_path / "reserve", size=100_000)
    assert reserve.keep()
    records = RecordKeeper(reserve, told.said.append, told.clock)

    def refuse() -> None:
        """Be refused for another reason."""
        raise PermissionError(errno.EACCES, "not yours")

    assert not records.endure("worker", refuse)
    assert reserve.kept
    disk = Disk()
    records.write("worker", lambda: disk.write("worker"))
    assert not reserve.kept
    assert "the reserve is released" in told.said[-1]
