"""The interval of a share that was counted."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.reports.data.proportion import wilson


def test_values_of_the_literature() -> None:
    """The interval would be another one than the report says."""
    # Newcombe (1998), Statistics in Medicine 17, table I, method 3.
    interval = wilson(81, 263)
    assert interval
    assert (interval.low, interval.high) == pytest.approx((0.2553, 0.3662), abs=1e-4)
    none = wilson(0, 20)
    assert none
    assert (none.low, none.high) == pytest.approx((0.0, 0.1611), abs=1e-4)


def test_of_nothing_nothing_is_said() -> None:
    """A step that was always cancelled would have succeeded in 0 % of no runs."""
    assert wilson(0, 0) is None


@given(st.integers(1, 10_000), st.data())
def test_the_interval_holds_the_share(total: int, data: st.DataObject) -> None:
    """A chart would draw an interval beside its bar."""
    interval = wilson(data.draw(st.integers(0, total)), total)
    assert interval
    assert 0 <= interval.low <= interval.value <= interval.high <= 1
