"""The rule of each strategy, on explicit options."""

from __future__ import annotations

import pytest

from blocks.providers.interface import Resources
from flows.run import run_flow
from tasks.errors import NotFoundError
from tasks.plan import FleetSnapshot, ProviderState
from tasks.planning.planner import plan
from tasks.planning.strategy import STORED, STRATEGIES, Option, strategy_of
from tests.tasks.planning.fakes import estimates_of, graph_of, provider, step


def option(
    name: str, start: float, end: float, *, cost: float = 0.0, speed: float = 1.0, cpus: float = 1
) -> Option:
    """That provider, which would do the step then."""
    capacity = Resources(cpus=cpus, memory_mib=1024, slots=2)
    return Option(ProviderState(name, "shell", capacity, capacity, speed), start, end, cost)


OPTIONS = [
    option("large", 0, 9, cost=3, speed=2, cpus=16),
    option("middle", 0, 10, cost=4, cpus=4),
    option("small", 5, 15, cost=2, cpus=2),
    option("fast", 6, 9.5, cost=5, speed=4, cpus=8),
]


@pytest.mark.parametrize(
    ("strategy", "expected"),
    [
        ("planned", "large"),
        ("fastest", "fast"),
        ("cheapest", "small"),
        ("capability", "middle"),
        ("round_robin", "middle"),
        ("least_loaded", "large"),
        (STORED, "large"),
    ],
)
def test_each_strategy_takes_its_own(strategy: str, expected: str) -> None:
    """A user would choose a rule and get another."""
    assert strategy_of(strategy)(OPTIONS, 1).provider.name == expected


def test_the_least_loaded_is_who_was_given_least_for_its_size() -> None:
    """All would go to one provider, or as much to a small as to a large one."""
    steps = [step(f"s{n}") for n in range(8)]
    fleet = FleetSnapshot(1, 0.0, (provider("one"), provider("three", slots=3)))
    times = estimates_of({each.id: 10 for each in steps})
    for _ in range(2):  # nothing of one plan is remembered for the next
        planned = plan(graph_of(*steps), times, fleet, "least_loaded")
        where = [item.provider for item in planned.placements]
        assert (where.count("one"), where.count("three")) == (2, 6)


def test_the_form_offers_every_strategy() -> None:
    """One could not be chosen, or be chosen and then refused."""
    assert run_flow.parameters.properties["strategy"]["enum"] == list(STRATEGIES)


def test_an_unknown_one_is_refused() -> None:
    """A typing error would plan by some default."""
    with pytest.raises(NotFoundError, match="did you mean 'cheapest'"):
        strategy_of("cheapst")
