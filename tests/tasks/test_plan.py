"""Tests of the arithmetic of providers that several capabilities share."""

from __future__ import annotations

import pytest

from blocks.providers.interface import Resources
from tasks.plan import FleetSnapshot, ProviderState, lanes_of


@pytest.mark.parametrize(
    ("demand", "lanes"),
    [
        (Resources(cpus=1, slots=1), 4),
        (Resources(cpus=0.1), 40),
        (Resources(cpus=3, memory_mib=600), 1),
        (Resources(memory_mib=2000), 0),
        (Resources(), 6),
    ],
)
def test_lanes_are_limited_by_the_scarcest_component(demand: Resources, lanes: int) -> None:
    """A suite would be cut for more shards than can run side by side."""
    assert lanes_of(Resources(cpus=4, memory_mib=1000, slots=6), demand) == lanes


def test_the_fleet_holds_what_its_providers_hold() -> None:
    """Shards would be cut for one provider alone."""
    states = [ProviderState(n, "shell", Resources(slots=2), Resources(slots=0)) for n in "ab"]
    assert FleetSnapshot(1, 0.0, tuple(states)).lanes(Resources(slots=1)) == 4


def test_lanes_are_as_fast_as_their_providers() -> None:
    """A suite would be cut into equal parts for unequal machines."""
    slots = Resources(slots=2)
    states = [ProviderState(str(speed), "shell", slots, slots, speed) for speed in (0.5, 4.0)]
    fleet = FleetSnapshot(1, 0.0, tuple(states))
    assert fleet.lane_speeds(Resources(slots=1)) == (4.0, 4.0, 0.5, 0.5)


def test_an_hour_of_a_step_costs_the_price_of_an_hour() -> None:
    """Plans would be compared by wrong costs."""
    state = ProviderState("a", "shell", Resources(), Resources(), price_per_hour=2.0)
    assert state.cost(1800) == 1.0
