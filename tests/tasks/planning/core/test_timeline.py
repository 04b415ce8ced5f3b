"""The timeline of free capacity adds up at every moment, and as the arrays of the kernels do."""

from __future__ import annotations

from math import inf

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from blocks.providers.interface import Resources
from tasks.planning.core.timeline import Timeline, needed, vector
from tasks.planning.kernels import profile

PAIR = vector(Resources(slots=2))
ONE = vector(Resources(slots=1))


def timeline(slots: int, start: float = 0.0) -> Timeline:
    """Return the timeline of so many slots."""
    return Timeline(Resources(slots=slots), start)


def test_what_is_taken_is_free_again_afterwards() -> None:
    """A claim would otherwise be told to wait for ever, or not at all."""
    free = timeline(2, start=100.0)
    free.reserve(100.0, 110.0, ONE)
    assert free.earliest(100.0, 5.0, ONE) == 100.0
    assert free.earliest(100.0, 5.0, PAIR) == 110.0


def test_a_gap_must_be_long_enough() -> None:
    """Backfill into a gap that is too short delays who reserved the time after it."""
    free = timeline(2)
    free.reserve(10.0, 20.0, PAIR)
    assert free.earliest(0.0, 10.0, ONE) == 0.0
    assert free.earliest(0.0, 10.1, ONE) == 20.0
    assert free.earliest(5.0, 5.0, ONE) == 5.0


def test_what_is_held_for_ever_is_never_free() -> None:
    """An endless claim must show as no expected time, not as a wrong one."""
    free = timeline(2)
    free.reserve(0.0, inf, PAIR)
    assert free.earliest(0.0, 1.0, ONE) == inf


def test_parts_of_a_cpu_add_up_exactly() -> None:
    """Three steps of a tenth would not fit into three tenths of a CPU."""
    free = Timeline(Resources(cpus=0.3))
    for _ in range(3):
        assert free.earliest(0.0, 5.0, vector(Resources(cpus=0.1))) == 0.0
        free.reserve(0.0, 5.0, vector(Resources(cpus=0.1)))
    assert free.earliest(0.0, 5.0, vector(Resources(cpus=0.000001))) == 5.0


def test_who_asks_for_nothing_of_an_overdrawn_resource_fits() -> None:
    """Lowered slots must not stop a claim that needs none."""
    free = Timeline(Resources(cpus=1.0), smallest=needed((0, 0, 0)))
    free.reserve(0.0, 10.0, ONE)
    assert free.earliest(0.0, 5.0, needed(vector(Resources(cpus=1.0)))) == 0.0
    assert free.earliest(0.0, 5.0, needed((0, 0, 0))) == 0.0


taken_slots = st.lists(
    st.tuples(st.integers(0, 50), st.integers(1, 20), st.integers(1, 3)), max_size=12
)


@given(taken_slots, st.integers(0, 70), st.integers(1, 36))
def test_every_moment_adds_up(taken: list[tuple[int, int, int]], at: int, slots: int) -> None:
    """A wrong sum in one step would oversubscribe, or waste, from there on."""
    free = timeline(36)
    for start, seconds, part in taken:
        free.reserve(start, start + seconds, (0, 0, part))
    used = sum(part for start, seconds, part in taken if start <= at < start + seconds)
    assert (free.earliest(at, 1.0, (0, 0, slots)) == at) == (used + slots <= 36)


@given(taken_slots, st.integers(0, 70), st.integers(1, 20), st.integers(1, 36))
def test_kernels_find_the_same_gaps(
    taken: list[tuple[int, int, int]], ready: int, seconds: int, slots: int
) -> None:
    """A plan would be improved on another capacity than that by which it is placed."""
    free, pieces = timeline(36), 64
    times, levels = np.zeros((1, pieces)), np.zeros((1, pieces, 1))
    levels[0, 0, 0] = 36
    size, nothing = np.ones(1, np.int32), np.zeros(1)
    for start, length, part in taken:
        demand = np.array([float(part)])
        free.reserve(start, start + length, (0, 0, part))
        held = (0, 0, float(start), float(start + length), demand, nothing, pieces)
        profile.hold(times, levels, size, *held)
    wanted = (0, float(ready), float(seconds), np.array([float(slots)]), inf)
    begin, _ = profile.earliest(times, levels, size, *wanted)
    assert begin == free.earliest(ready, seconds, (0, 0, slots))
