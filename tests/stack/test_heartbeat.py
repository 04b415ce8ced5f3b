"""Tests of heartbeats, which are independent of the clock."""

from __future__ import annotations

import errno
import os
import time
from pathlib import Path

import pytest

from stack.heartbeat import (
    MIN_SECONDS,
    SILENT_SECONDS,
    Heartbeat,
    beat,
    is_silent,
    patience,
    silence,
)


def test_silence_is_counted_from_the_last_touch_and_from_a_new_process(tmp_path: Path) -> None:
    """Broken: one that hangs would stay, or one that has only just started would be killed."""
    file = tmp_path / "heartbeat"
    heartbeat = Heartbeat(file, 3.0)
    assert [heartbeat.has_stopped(1, now) for now in (0.0, 1.0, 2.0)] == [False] * 3
    file.touch()
    assert [heartbeat.has_stopped(1, now) for now in (3.0, 4.0, 5.0)] == [False] * 3
    assert [heartbeat.has_stopped(2, now) for now in (6.0, 7.0, 8.0)] == [False] * 3
    assert heartbeat.has_stopped(2, 9.0)
    assert not heartbeat.has_stopped(2, 10.0)


def test_who_starts_in_silence_has_stopped_only_after_a_first_sign_of_life(tmp_path: Path) -> None:
    """Broken: a server that migrates a large database is killed, again and again."""
    file = tmp_path / "heartbeat"
    file.touch()  # by the one before
    heartbeat = Heartbeat(file, 3.0, starts_silent=True)
    assert not any(heartbeat.has_stopped(1, float(now)) for now in range(60))
    os.utime(file, (1, 1))
    assert [heartbeat.has_stopped(1, now) for now in (60.0, 61.0, 62.0, 63.0)] == [False] * 3 + [
        True
    ]


def test_a_clock_that_jumps_ends_nobody(tmp_path: Path) -> None:
    """Broken: a healthy reconciler would be killed when the time of day is corrected."""
    file = tmp_path / "heartbeat"
    file.touch()
    heartbeat = Heartbeat(file, 3.0)
    for look, touched_at in enumerate((10_000, 9_000, 1, 50_000)):
        os.utime(file, (touched_at, touched_at))
        assert not heartbeat.has_stopped(1, 2.0 * look)


def test_a_supervisor_that_was_stopped_itself_has_seen_no_silence(tmp_path: Path) -> None:
    """Broken: after the machine was frozen, its healthy reconciler would be killed."""
    heartbeat = Heartbeat(tmp_path / "heartbeat", 3.0)
    assert not heartbeat.has_stopped(1, 0.0)
    assert not heartbeat.has_stopped(1, 5_000.0)


def test_patience_grows_with_the_period() -> None:
    """Broken: a reconciler that looks rarely would be killed between two looks."""
    assert patience(0.5) == MIN_SECONDS
    assert patience(60.0) > 10 * 60.0


@pytest.mark.parametrize("time_of_day", [1_000.0, 2_000_000_000.0])
def test_a_beat_is_a_sign_of_life_whatever_the_time_of_day_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, time_of_day: float
) -> None:
    """Broken: with the clock set back an hour, one that is dead answers; ahead, all are silent."""
    file = tmp_path / "heartbeat"
    monkeypatch.setattr(time, "time", lambda: time_of_day)
    beat(file)
    now = time.monotonic()
    assert not is_silent(file, now)
    assert is_silent(file, now + SILENT_SECONDS + 1)
    os.utime(file, (now + 5_000, now + 5_000))  # of a boot that was longer
    assert silence(file, now) is None


def test_a_beat_that_finds_no_room_ends_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Broken: the reconciler ends over its own heartbeat on a full disk."""

    def full(*_: object, **__: object) -> None:
        """Find no room."""
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(Path, "touch", full)
    beat(tmp_path / "heartbeat")
    assert silence(tmp_path / "heartbeat", time.monotonic()) is None
