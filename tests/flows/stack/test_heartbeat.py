"""A reconciler that hangs is told from one that works, whatever the clocks do."""

from __future__ import annotations

import os
from pathlib import Path

from flows.stack.heartbeat import LEAST_SECONDS, Heartbeat, patience


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
    """Broken: a reconciler that looks rarely would be killed between two rounds."""
    assert patience(0.5) == LEAST_SECONDS
    assert patience(60.0) > 10 * 60.0
