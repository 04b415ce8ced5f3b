"""Tests of the records of parts that keep ending."""

from __future__ import annotations

from pathlib import Path

import pytest

from stack.endings import (
    Ending,
    crash_looping_parts,
    forget_ending,
    read_ending,
    reason,
    write_ending,
)
from stack.overview import supervision
from stack.record import ProcessRecord, write_record
from tasks.home import Home


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """Give a fresh home."""
    home = Home(tmp_path)
    home.create()
    return home


def test_how_a_part_ended_is_shown_with_its_last_lines(home: Home) -> None:
    """Broken: `no answer from: worker` would be all that a user learns."""
    write_ending(home, Ending("worker", 1, 5))
    home.log("worker").write_text("PermissionError: /tmp/runner_storage")
    text = reason(home, "worker")
    assert text.startswith("worker has ended 5 times in a row, last with code 1")
    assert text.endswith("PermissionError: /tmp/runner_storage")
    forget_ending(home, "worker")
    assert read_ending(home, "worker") is None


def test_waiting_for_a_part_that_keeps_ending_is_in_vain(home: Home) -> None:
    """Broken: `make up` would wait for two minutes, then show the log of another part."""
    write_ending(home, Ending("worker", 1, 3))
    assert crash_looping_parts(home) == []
    write_ending(home, Ending("worker", 1, 4))
    assert crash_looping_parts(home) == ["worker"]


def test_an_empty_log_is_said_to_be_empty(home: Home) -> None:
    """Broken: the reason would be a blank."""
    home.log("worker").touch()
    write_ending(home, Ending("worker", 0, 1))
    assert reason(home, "worker").endswith("(it wrote nothing)")


def test_a_dead_supervisor_is_said(home: Home) -> None:
    """Broken: nobody would notice that nothing is started again any more."""
    assert supervision(home, 0.0) == []
    write_record(home.record("supervisor"), ProcessRecord("supervisor", 2**22 + 1, 0.0, "mark"))
    assert "The supervisor is dead" in supervision(home, 0.0)[0]
