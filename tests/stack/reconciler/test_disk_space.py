"""Tests of the watch over disk space: the reserve is kept, and scarcity is reported in time."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from stack.disk_reserve import Reserve
from stack.reconciler.disk_space import DiskSpaceWatcher
from tasks.ledger.connection import Ledger
from tasks.ledger.insights import open_insights
from tasks.observe.disk_space import low_room
from tasks.quantities import MIB_BYTES

TOTAL = 10_000 * MIB_BYTES


class Disk:
    """A file system that has as much room as is said."""

    def __init__(self) -> None:
        self.free = TOTAL // 2

    def look(self, _: object) -> os.statvfs_result:
        """Return what statvfs would."""
        return os.statvfs_result((1, 1, TOTAL, self.free, self.free, 1, 1, 1, 0, 255))


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Disk:
    """Put a file system in the place of that of the home."""
    disk = Disk()
    monkeypatch.setattr(os, "statvfs", disk.look)
    return disk


def test_little_room_is_told_once_and_until_there_is_more(
    ledger: Ledger, tmp_path: Path, disk: Disk
) -> None:
    """Broken: the first that anybody hears of a disk that fills is that everything fails."""
    room = DiskSpaceWatcher(ledger, tmp_path, Reserve(tmp_path / "reserve"))
    assert [*room(1.0)] == ["a reserve of 8 MiB is kept for records"]
    assert low_room(tmp_path) == ""
    disk.free = 300 * MIB_BYTES
    [sentence] = room(2.0)
    assert "300 of 10000 MiB" in sentence
    assert "Make room" in sentence
    assert [*room(3.0)] == []
    [insight] = open_insights(ledger)
    assert (insight.kind, insight.severity, insight.size) == ("room", "warning", sentence)
    disk.free = TOTAL // 2
    assert [*room(4.0)] == ["there is room again"]
    assert open_insights(ledger) == []


def test_the_reserve_is_given_up_on_a_full_disk_and_taken_again_later(
    ledger: Ledger, tmp_path: Path, disk: Disk
) -> None:
    """Broken: records find no room, or the reserve protects only from the first full disk."""
    file = tmp_path / "reserve"
    room = DiskSpaceWatcher(ledger, tmp_path, Reserve(file))
    [*room(1.0)]
    assert file.stat().st_blocks * 512 >= 8 * MIB_BYTES  # held, and not just promised
    assert file.stat().st_mode & 0o077 == 0
    disk.free = 0
    sentences = [*room(2.0)]
    assert "the reserve is given up" in sentences[0]
    assert not file.exists()
    disk.free = 10 * MIB_BYTES  # not enough to take it and leave as much
    [*room(3.0)]
    assert not file.exists()
    disk.free = 100 * MIB_BYTES
    [*room(4.0)]
    assert file.exists()
