"""Duration drift: distinguished from noise, and attributed to providers or to steps."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.distribute.dispatch.drift import Correction, DurationDrift, family, ratio
from tasks.plan import FleetSnapshot
from tests.tasks.planning.fakes import provider, step


def drifted(families: dict[str, float], providers: dict[str, float], noise: float) -> DurationDrift:
    """Six steps of each family on each provider, off by these factors."""
    chance, drift = random.Random(4), DurationDrift()
    for number in range(6):
        for name, longer in families.items():
            for where, slower in providers.items():
                actual = 10 * longer * slower * chance.uniform(1 - noise, 1 + noise)
                drift.note(step(f"{name}-{number}"), where, 10.0, actual)
    return drift


def test_a_slow_provider_and_a_long_family_are_told_apart() -> None:
    """All would be reckoned slow for the one that is."""
    correction = drifted(
        {"map": 3, "sort": 1, "join": 1}, {"a": 1, "b": 2, "c": 1}, 0.1
    ).correction()
    assert correction.families == {"map": pytest.approx(3, rel=0.1)}
    assert correction.providers == {"b": pytest.approx(2, rel=0.1)}
    assert correction.reasons() == (
        f"steps like map take {correction.families['map']:.2g} times as long",
        f"b takes {correction.providers['b']:.2g} times as long",
    )


@given(st.integers(0, 500))
def test_noise_alone_is_hardly_ever_drift(seed: int) -> None:
    """A workload would be planned again for nothing, over and over."""
    chance, drift = random.Random(seed), DurationDrift()
    for number in range(24):
        drift.note(step(f"s{number}"), "abc"[number % 3], 10.0, chance.uniform(7, 13))
    correction = drift.correction()
    assert all(
        0.7 < each < 1.4 for each in (*correction.families.values(), *correction.providers.values())
    )


def test_too_few_steps_say_nothing_and_one_that_runs_too_long_already_counts() -> None:
    """One odd step would change the plan, or a slow provider be known only when all is over."""
    drift = DurationDrift()
    drift.note(step("a"), "x", 10.0, 40.0)
    drift.note(step("b"), "x", 10.0, 40.0)
    drift.note(step("c"), "x", 0.0, 40.0)  # nothing was expected of it
    assert drift.correction() == Correction()
    late = drift.correction([ratio(step("d"), "x", 10.0, 35.0)])
    assert late.providers == {"x": pytest.approx(4)}


def test_what_was_seen_corrects_steps_and_speeds() -> None:
    """It would be logged and not be reckoned with."""
    correction = Correction({"map": 3.0}, {"a": 2.0})
    assert (correction.of(step("map-7")), correction.of(step("sort-7"))) == (3, 1)
    fleet = FleetSnapshot(1, 0.0, (provider("a", 4.0), provider("b", 4.0)))
    assert [each.speed for each in correction.corrected(fleet).providers] == [2, 4]
    assert Correction().corrected(fleet) is fleet


def test_steps_are_alike_that_differ_in_numbers_alone() -> None:
    """What one step of a list teaches would be lost on the others."""
    names = ["blast_ID0001", "tests-12", "build", "42"]
    assert [family(step(name)) for name in names] == ["blast_ID", "tests", "build", "42"]
