"""Bins of items, sized by the speeds of lanes."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tasks.split.balance import bin_speeds, equal_bins, fitted_bins


@given(st.lists(st.floats(0, 100), max_size=40), st.integers(1, 12))
def test_equal_bins_hold_every_item_once_and_none_is_empty(
    seconds: list[float], count: int
) -> None:
    """An item would be lost, or a shard have nothing to do."""
    bins = equal_bins(seconds, count)
    assert sorted(item for each in bins for item in each) == list(range(len(seconds)))
    assert len(bins) == min(count, len(seconds))
    total, longest = sum(seconds), max(seconds, default=0.0)
    # Graham's bound: no bin goes beyond the average by more than the longest item.
    assert all(sum(seconds[n] for n in each) <= total / count + longest + 1e-6 for each in bins)


def test_bins_end_together_on_lanes_of_unequal_speed() -> None:
    """The slow lane would be the last by far."""
    bins = fitted_bins([1.0] * 50, [4.0, 1.0], 0.0)
    assert [len(each) for each in bins] == [40, 10]
    assert [len(each) for each in fitted_bins([1.0] * 50, [4.0, 1.0], 10.0)] == [46, 4]


def test_bins_beyond_the_lanes_go_where_the_largest_are() -> None:
    """A slow lane would get several before a fast one gets two."""
    assert bin_speeds([4.0, 1.0], 1) == [4.0]
    assert bin_speeds([4.0, 1.0], 2) == [4.0, 1.0]
    assert bin_speeds([4.0, 1.0], 4) == [4 / 3] * 3 + [1.0]
