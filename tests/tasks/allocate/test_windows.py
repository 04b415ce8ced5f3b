"""Windows of demand: they cover a plan at every moment, in few rows."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from blocks.providers.interface import Resources
from tasks.allocate.windows import MAX_WINDOWS, Window, merge


def one(start: float, end: float, slots: int = 1) -> Window:
    """Build a window of slots alone."""
    return Window(start, end, Resources(slots=slots))


def test_overlapping_parts_add_up_and_equal_neighbours_join() -> None:
    """A reservation must hold what all steps of that moment need together."""
    assert merge([one(0, 10), one(5, 15), one(15, 20), one(30, 40)]) == [
        one(0, 5),
        one(5, 10, 2),
        one(10, 20),
        one(30, 40),
    ]
    assert merge([]) == []


def test_a_plan_of_thousands_of_steps_needs_few_windows() -> None:
    """The ledger would otherwise hold a row a step, and be searched a row a step."""
    parts = [one(start, start + 1 + start % 3, 1 + start % 2) for start in range(2000)]
    merged = merge(parts)
    assert len(merged) <= MAX_WINDOWS
    assert (merged[0].start, merged[-1].end) == (0, max(part.end for part in parts))


@given(
    st.lists(
        st.tuples(st.integers(0, 300), st.integers(1, 30), st.integers(1, 3)),
        min_size=1,
        max_size=80,
    )
)
def test_windows_never_promise_less_than_is_needed(parts: list[tuple[int, int, int]]) -> None:
    """Less reserved than used would hide a conflict."""
    windows = [one(start, start + length, slots) for start, length, slots in parts]
    merged = merge(windows)
    assert all(left.end <= right.start for left, right in pairwise(merged))
    for moment in {window.start for window in windows}:
        needed = sum(item.demand.slots for item in windows if item.start <= moment < item.end)
        promised = [item.demand.slots for item in merged if item.start <= moment < item.end]
        assert promised
        assert promised[0] >= needed
