"""Room below the home: a reserve is kept, and what is left is told before it is gone."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from flows.stack import reserve as reserves
from flows.stack import room as rooms
from flows.stack.reserve import MIB, Reserve
from flows.stack.room import Room, is_low, low_room
from tasks.ledger.connection import Ledger, open_ledger
from tasks.ledger.insights import open_insights

TOTAL = 10_000 * MIB


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
    shown = Disk()
    monkeypatch.setattr(os, "statvfs", shown.look)
    return shown


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    """Give a ledger."""
    opened = open_ledger(f"sqlite:///{tmp_path / 'ledger.db'}")
    yield opened
    opened.close()


def test_little_room_is_told_once_and_until_there_is_more(
    ledger: Ledger, tmp_path: Path, disk: Disk
) -> None:
    """Broken: the first that anybody hears of a disk that fills is that everything fails."""
    room = Room(ledger, tmp_path, Reserve(tmp_path / "reserve"))
    assert [*room(1.0)] == ["a reserve of 8 MiB is kept for records"]
    assert low_room(tmp_path) == ""
    disk.free = 300 * MIB
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
    room = Room(ledger, tmp_path, Reserve(file))
    [*room(1.0)]
    assert file.stat().st_blocks * 512 >= 8 * MIB  # held, and not just promised
    assert file.stat().st_mode & 0o077 == 0
    disk.free = 0
    said = [*room(2.0)]
    assert "the reserve is given up" in said[0]
    assert not file.exists()
    disk.free = 10 * MIB  # not enough to take it and leave as much
    [*room(3.0)]
    assert not file.exists()
    disk.free = 100 * MIB
    [*room(4.0)]
    assert file.exists()


def test_low_is_a_gigabyte_or_a_tenth() -> None:
    """Broken: a small disk is warned of for ever, or a large one never."""
    assert not is_low(30 * MIB, 200 * MIB)
    assert is_low(19 * MIB, 200 * MIB)
    assert not is_low(2_000 * MIB, 2_000_000 * MIB)
    assert is_low(1_000 * MIB, 2_000_000 * MIB)
    assert rooms.LOW_BYTES > reserves.RESERVE_BYTES
