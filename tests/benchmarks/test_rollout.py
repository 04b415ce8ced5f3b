"""The benchmark of deploys under load: its bars."""

from __future__ import annotations

import pytest

from benchmarks.rollout import bars

CLEAN = {"failed": 0, "duplicated": 0, "lost": 0, "broken_answers": 0, "requests": 9}


def test_a_clean_run_meets_every_bar() -> None:
    """A check could never succeed."""
    assert set(bars(CLEAN)) == {"failed", "duplicated", "lost", "broken_answers"}
    assert all(bar.met for bar in bars(CLEAN).values())


@pytest.mark.parametrize("name", ["failed", "duplicated", "lost", "broken_answers"])
def test_a_single_bad_request_misses_its_bar(name: str) -> None:
    """One request in a million would be rounded away."""
    judged = bars(CLEAN | {name: 1})
    assert [key for key, bar in judged.items() if not bar.met] == [name]
