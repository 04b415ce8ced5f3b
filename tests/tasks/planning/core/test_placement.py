"""The dispatch rule: the provider of a step, given the running steps."""

from __future__ import annotations

from dataclasses import replace

import pytest

from blocks.providers.interface import Resources
from tasks.plan import FleetSnapshot, ProviderState
from tasks.planning.core.placement import (
    FOREIGN_SECONDS,
    PlacementChoice,
    PlacementRequest,
    RunningStep,
    place,
)
from tests.tasks.planning.fakes import ONE, provider

FAST, SLOW = provider("fast", speed=10.0), provider("slow", speed=1.0)


def fleet(*providers: ProviderState) -> FleetSnapshot:
    """A fleet of those."""
    return FleetSnapshot(1, 0.0, providers)


def busy(state: ProviderState) -> ProviderState:
    """The same with nothing free."""
    return replace(state, free=Resources())


def one(
    request: PlacementRequest, *running: RunningStep, now: float = 100.0, **providers: bool
) -> PlacementChoice:
    """Place one request on the fast and the slow provider; those that are True are busy."""
    states = [busy(p) if providers.get(p.name) else p for p in (FAST, SLOW)]
    return place([request], running, fleet(*states), now)[0]


def test_the_earliest_finish_wins() -> None:
    """An idle fleet would be used at random."""
    choice = one(PlacementRequest("a", ONE, 20.0))
    assert (choice.provider, choice.starts_at, choice.ends_at) == ("fast", 100.0, 102.0)
    assert choice.candidates == (("fast", 102.0), ("slow", 120.0))


def test_a_faster_busy_provider_is_waited_for_when_that_is_better() -> None:
    """A step would take the idle provider and end later."""
    soon = RunningStep("fast", ONE, 90.0, expected_end=105.0)
    choice = one(PlacementRequest("a", ONE, 20.0), soon, fast=True)
    assert (choice.provider, choice.starts_at) == ("fast", 105.0)
    late = RunningStep("fast", ONE, 90.0, expected_end=150.0)
    assert one(PlacementRequest("a", ONE, 20.0), late, fast=True).provider == "slow"


def test_what_overran_is_expected_to_need_a_part_of_its_time_again() -> None:
    """An overdue step would count as ended, and be waited for moment by moment."""
    overdue = RunningStep("fast", ONE, 0.0, expected_end=50.0)
    assert one(PlacementRequest("a", ONE, 20.0), overdue, fast=True, slow=True).starts_at == 110.0


def test_what_others_hold_blocks_for_a_while() -> None:
    """A provider that another workload fills would be chosen as if it were idle."""
    choice = one(PlacementRequest("a", ONE, 20.0), fast=True, slow=True)
    assert choice.starts_at == 100.0 + FOREIGN_SECONDS
    assert one(PlacementRequest("a", ONE, 20.0), fast=True).provider == "slow"


def test_failures_move_a_step_where_another_provider_can_take_it() -> None:
    """A retry would go back to the provider that has just failed it."""
    request = PlacementRequest("a", ONE, 20.0, failures={"fast": 1})
    assert one(request).provider == "slow"
    assert one(request).rejected == (("fast", "it failed there"),)
    assert one(replace(request, failures={"fast": 1, "slow": 1})).provider == "fast"


def test_a_step_that_runs_already_is_claimed_where_it_runs() -> None:
    """An adopted step would be accounted to another provider than it loads."""
    assert one(PlacementRequest("a", ONE, 20.0, only="slow")).provider == "slow"
    gone = one(PlacementRequest("a", ONE, 20.0, only="gone"))
    assert (gone.provider, gone.rejected[0]) == ("", ("fast", "it runs on gone"))


def test_a_pinned_provider_is_kept_until_it_fails() -> None:
    """A strategy other than the rule would be planned and not be done."""
    assert one(PlacementRequest("a", ONE, 20.0, pinned="slow")).provider == "slow"
    failed = PlacementRequest("a", ONE, 20.0, pinned="slow", failures={"slow": 1})
    assert one(failed).provider == "fast"


def test_each_is_placed_behind_the_more_urgent_ones() -> None:
    """Two steps would be sent to the same free slot."""
    requests = [PlacementRequest(name, ONE, 20.0) for name in "abc"]
    choices = place(requests, [], fleet(FAST, SLOW), 0.0, at_least=3)
    assert [(c.provider, c.starts_at) for c in choices] == [("fast", 0), ("fast", 2), ("fast", 4)]


@pytest.mark.parametrize(("seconds", "starts"), [(8.0, 0.0), (12.0, 15.0)])
def test_a_small_step_fills_a_gap_and_delays_nobody(seconds: float, starts: float) -> None:
    """A large step that waits for room would be overtaken for ever, or block what fits beside."""
    two = provider("two", slots=2)
    running = RunningStep("two", ONE, 0.0, expected_end=10.0)
    large = PlacementRequest("large", Resources(slots=2), 5.0)
    snapshot = fleet(replace(two, free=ONE))
    choices = place([large, PlacementRequest("small", ONE, seconds)], [running], snapshot, 0.0)
    assert [(c.step, c.starts_at) for c in choices] == [("large", 10.0), ("small", starts)]


@pytest.mark.slow
def test_nothing_more_is_placed_where_nothing_can_start() -> None:
    """Ten thousand ready steps would all be placed at each event."""
    requests = [PlacementRequest(str(n), ONE, 1.0) for n in range(10_000)]
    assert len(place(iter(requests), [], fleet(provider("x", slots=3)), 0.0)) == 3
    assert len(place(iter(requests), [], fleet(busy(FAST)), 0.0, at_least=2)) == 2
