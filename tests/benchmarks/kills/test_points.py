"""Tests of the schedule of kills: repeatable, and with every victim in it."""

from __future__ import annotations

from itertools import islice

from benchmarks.kills.points import SHARED_A_WAVE, Moment, Victim, Wave, waves


def first(seed: int, count: int = 60) -> list[Wave]:
    """Return the first waves of a campaign."""
    return list(islice(waves(seed), count))


def test_the_same_seed_gives_the_same_kills() -> None:
    """Broken: what a campaign has found could not be looked for again."""
    assert first(1) == first(1) != first(2)


def test_every_victim_is_struck_and_every_moment_of_a_run() -> None:
    """Broken: a part whose death loses something would never die."""
    points = [point for wave in first(1) for own in (*wave.own, wave.shared) for point in own]
    assert {point.victim for point in points} == set(Victim)
    assert {point.moment for point in points if point.victim is Victim.RUN} == set(Moment) - {
        Moment.ANY
    }
    with_lane = (Victim.LANE, Victim.BOTH)
    assert {point.moment for point in points if point.victim in with_lane} == {Moment.STEPS}


def test_some_waves_kill_only_what_is_shared_and_some_only_what_is_not() -> None:
    """Broken: nobody could tell which of two kills a loss comes from."""
    for wave in first(1):
        assert len(wave.shared) == SHARED_A_WAVE[wave.number % 3]
        assert wave.shared == tuple(sorted(wave.shared, key=lambda point: point.at))
        assert any(wave.own) == (wave.number % 3 != 2)
