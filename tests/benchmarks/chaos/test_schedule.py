"""The schedule of faults: repeatable, of every kind, and within its bounds."""

from __future__ import annotations

from itertools import islice

from hypothesis import given
from hypothesis import strategies as st

from benchmarks.chaos.schedule import (
    PAST_A_LEASE_SECONDS,
    Act,
    Fault,
    How,
    Wave,
    kinds,
    waves,
)


def _first(seed: int, number: int, *spared: str) -> list[Wave]:
    return list(islice(waves(seed, spared), number))


def _acts(made: list[Wave]) -> list[Act]:
    return [act for wave in made for acts in wave.lanes.values() for act in acts]


def _faults(made: list[Wave]) -> list[Fault]:
    return [act.fault for act in _acts(made)] + [fault for wave in made for fault in wave.stack]


def test_a_seed_decides_all_of_it() -> None:
    """A fault that was found could not be looked for again."""
    assert _first(7, 5) == _first(7, 5)
    assert _first(7, 5) != _first(8, 5)


def test_a_long_campaign_strikes_in_every_way() -> None:
    """What is never struck is said to hold."""
    made = _first(1, 16)
    struck = {act.kind for act in _acts(made)} | {
        fault.kind for wave in made for fault in wave.stack
    }
    assert struck == set(kinds())


@given(st.integers())
def test_what_is_not_ours_to_spoil_is_spared(seed: int) -> None:
    """The disk of whoever runs the benchmark would be full, or their clock be set."""
    faults = _faults(_first(seed, 10, "disk", "clock"))
    assert not {fault.victim for fault in faults} & {"disk", "clock"}


@given(st.integers())
def test_what_passes_is_held_and_what_does_not_is_not(seed: int) -> None:
    """A stop that is undone at once strikes nothing; a campaign that holds for long has no end."""
    for fault in _faults(_first(seed, 10)):
        assert 0 <= fault.at <= 1
        passing = fault.how in {How.STOP, How.LOCK, How.FILL}
        assert (0 < fault.hold_seconds <= PAST_A_LEASE_SECONDS) == passing


@given(st.integers())
def test_the_faults_of_the_stack_are_in_their_order(seed: int) -> None:
    """One would be waited for while the next is overdue."""
    for wave in _first(seed, 3):
        assert [fault.at for fault in wave.stack] == sorted(fault.at for fault in wave.stack)
        assert wave.faults == len(_faults([wave]))
