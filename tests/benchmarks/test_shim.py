"""The benchmark of the shim: its bars."""

from __future__ import annotations

import pytest

from benchmarks.shim import bars

GOOD = {"idle_percent_of_a_core": 0.02, "start_cpu_of_python": 3.0, "memory_of_python": 2.0}


def test_a_shim_at_its_limits_meets_its_bars() -> None:
    """A check could never succeed."""
    assert all(bar.met for bar in bars(GOOD | {"memory_mib": 99.0}).values())


@pytest.mark.parametrize("name", list(GOOD))
def test_a_shim_that_costs_more_misses_its_bar(name: str) -> None:
    """Two hundred services would cost a core at rest."""
    judged = bars(GOOD | {name: GOOD[name] * 1.1})
    assert [key for key, bar in judged.items() if not bar.met] == [name]
