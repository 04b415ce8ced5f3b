"""The benchmark of a stack's memory."""

from __future__ import annotations

import pytest

from benchmarks.memory import bars, name_of, share_mib


def test_it_reads_the_share_and_not_the_size() -> None:
    """What processes share would count once for each."""
    assert share_mib("Rss:   4096 kB\nPss:    2048 kB\nPss_Dirty:  1024 kB\n") == 2.0


@pytest.mark.parametrize(
    ("command", "name"),
    [
        ("python -m stack.server.main", "server"),
        ("slipway fork server   ", "fork server"),
        ("python -m unknown", "python -m unknown"),
    ],
)
def test_each_process_has_a_name(command: str, name: str) -> None:
    """Nobody would know which part has grown."""
    assert name_of(command) == name


def test_the_bar_is_of_all_parts_together() -> None:
    """Each part would keep within the limit, and all of them not."""
    assert bars({"server": 300.0, "worker": 150.0})["idle_mib"].met
    assert not bars({"server": 300.0, "worker": 150.0, "router": 1.0})["idle_mib"].met
