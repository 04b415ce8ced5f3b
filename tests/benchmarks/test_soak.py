"""Tests of the bars of the soak: growth, and runs that do not complete, miss them."""

from __future__ import annotations

from collections import Counter

import pytest

from benchmarks.soak import GROWTH_MIB, Taken, bars

BEFORE = Taken({"server": 200.0, "worker": 90.0}, 100, 6)
COMPLETED = Counter({"Completed": 20})


def test_a_stack_that_keeps_its_size_meets_all() -> None:
    """Broken: the benchmark would fail whatever it sees."""
    after = Taken({"server": 200.0 + GROWTH_MIB / 2, "worker": 85.0}, 104, 6)
    assert all(bar.met for bar in bars(BEFORE, after, COMPLETED).values())


@pytest.mark.parametrize(
    ("after", "ends", "missed"),
    [
        (Taken({"server": 200.0, "worker": 91.0 + GROWTH_MIB}, 100, 6), COMPLETED, "growth_mib"),
        (Taken(BEFORE.mib, 130, 6), COMPLETED, "more_descriptors"),
        (Taken(BEFORE.mib, 100, 7), COMPLETED, "more_processes"),
        (BEFORE, COMPLETED + Counter({"Crashed": 1}), "not_completed"),
    ],
)
def test_each_kind_of_growth_misses_its_bar(after: Taken, ends: Counter[str], missed: str) -> None:
    """Broken: a leak would pass unseen."""
    assert [name for name, bar in bars(BEFORE, after, ends).items() if not bar.met] == [missed]
