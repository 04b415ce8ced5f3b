"""The timeline of free capacity adds up, at every moment."""

from __future__ import annotations

from math import inf

from hypothesis import given
from hypothesis import strategies as st

from blocks.providers.interface import Resources
from tasks.allocate.timeline import ReservationTimeline, fits

PAIR = Resources(slots=2)
ONE = Resources(slots=1)


def test_what_is_taken_is_free_again_afterwards() -> None:
    """A claim would otherwise be told to wait for ever, or not at all."""
    free = ReservationTimeline(PAIR, now=100.0)
    free.take(ONE, 100.0, 110.0)
    assert free.earliest(ONE, 5.0) == 100.0
    assert free.earliest(PAIR, 5.0) == 110.0


def test_a_gap_must_be_long_enough() -> None:
    """Backfill into a gap that is too short delays who reserved the time after it."""
    free = ReservationTimeline(PAIR, now=0.0)
    free.take(PAIR, 10.0, 20.0)
    assert free.earliest(ONE, 10.0) == 0.0
    assert free.earliest(ONE, 10.1) == 20.0


def test_what_is_held_for_ever_is_never_free() -> None:
    """An endless claim must show as no expected time, not as a wrong one."""
    free = ReservationTimeline(PAIR, now=0.0)
    free.take(PAIR, 0.0, inf)
    assert free.earliest(ONE, 1.0) == inf


def test_who_asks_for_nothing_of_an_overdrawn_resource_fits() -> None:
    """Lowered slots must not stop a claim that needs none."""
    assert fits((1.0, 0.0, -1.0), (1.0, 0.0, 0.0))
    assert not fits((1.0, 0.0, -1.0), (0.0, 0.0, 1.0))


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(1, 20), st.integers(1, 3)), max_size=12))
def test_every_moment_adds_up(taken: list[tuple[int, int, int]]) -> None:
    """A wrong sum in one step would oversubscribe, or waste, from there on."""
    free = ReservationTimeline(Resources(slots=100), now=0.0)
    for start, seconds, slots in taken:
        free.take(Resources(slots=slots), start, start + seconds)
    assert free.times == sorted(set(free.times))
    for time, level in zip(free.times, free.levels, strict=True):
        running = sum(slots for start, length, slots in taken if start <= time < start + length)
        assert level[2] == 100 - running
