"""Reservation of a plan, and the record of its conflicts before it runs."""

from __future__ import annotations

import pytest

from blocks.providers.interface import Resources
from tasks.allocate.report import rows, summary
from tasks.allocate.reserve import reserve_plan
from tasks.claim import Claim
from tasks.errors import BadInputError, NotFoundError
from tasks.ledger.allocations import grant, queue_state
from tasks.ledger.connection import Ledger
from tasks.ledger.providers import register_provider
from tasks.ledger.reservations import Reservation, conflicts, reservations
from tasks.plan import Placement, Plan

ONE = Resources(slots=1)
NOW = 1000.0


def plan(*placements: Placement) -> Plan:
    """Build a plan of placements."""
    order = tuple(item.step for item in placements)
    return Plan("shop", "tests", "planned", order, placements, 10.0, 10.0, 0.0, 1.0)


CHAIN = plan(Placement("a", "local", 0.0, 5.0), Placement("b", "local", 5.0, 9.0))
DEMANDS = {"a": ONE, "b": ONE}


@pytest.fixture(autouse=True)
def local(ledger: Ledger) -> None:
    """Register a provider of one slot."""
    register_provider(ledger, "local", "shell", ONE, 1.0, 0.0, NOW)


def test_a_plan_is_reserved_and_a_second_time_replaces_it(ledger: Ledger) -> None:
    """A resumed workload would otherwise collide with its own former plan."""
    report = reserve_plan(ledger, "w", CHAIN, DEMANDS, NOW)
    assert report.reservations == (Reservation("w", "local", ONE, NOW, NOW + 9),)
    assert (report.conflicts, report.queued) == ((), ())
    again = reserve_plan(ledger, "w", CHAIN, DEMANDS, NOW + 1)
    assert again.conflicts == ()
    assert reservations(ledger) == list(again.reservations)


def test_a_second_workload_queues_for_the_only_slot(ledger: Ledger) -> None:
    """Capacity 1 against a demand of 2 has to be seen, recorded and explained."""
    reserve_plan(ledger, "w", plan(Placement("a", "local", 0.0, 4.0)), DEMANDS, NOW)
    report = reserve_plan(ledger, "v", CHAIN, DEMANDS, NOW)
    (conflict,) = report.conflicts
    assert conflict.reason == "local lacks 1 slot of 1: held by w for about 4 s more"
    assert report.queued == ("a",)
    assert conflicts(ledger, "v") == [conflict]
    assert len(reservations(ledger, "local")) == 2
    assert "1 conflict, so that these are likely to queue: a." in summary(report)
    assert [row["slots"] for row in rows(report, NOW)] == ["1", "1 missing"]


def test_what_is_held_now_conflicts_too(ledger: Ledger) -> None:
    """A workload without a plan holds capacity all the same."""
    claim = Claim("v/x", "local", ONE, fence=1, expected_seconds=7.0)
    grant(ledger, claim, queue_state(ledger, "local").epoch, NOW, 60.0)
    report = reserve_plan(ledger, "w", CHAIN, DEMANDS, NOW)
    assert report.conflicts[0].reason.endswith("held by v/x for about 7 s more")
    assert report.queued == ("a", "b")


def test_a_demand_over_the_capacity_reserves_nothing(ledger: Ledger) -> None:
    """It would otherwise be found out in the middle of the run."""
    with pytest.raises(BadInputError, match=r"steps\.b\.demand"):
        reserve_plan(ledger, "w", CHAIN, {"a": ONE, "b": Resources(slots=2)}, NOW)
    assert reservations(ledger) == []


def test_an_unknown_provider_reserves_nothing(ledger: Ledger) -> None:
    """Half a plan would stay reserved."""
    with pytest.raises(NotFoundError):
        reserve_plan(ledger, "w", plan(Placement("a", "lokal", 0.0, 1.0)), DEMANDS, NOW)
    assert reservations(ledger) == []


def test_a_plan_without_conflicts_says_so(ledger: Ledger) -> None:
    """The reader of the artifact must not have to look for what is not there."""
    report = reserve_plan(ledger, "w", CHAIN, DEMANDS, NOW)
    assert summary(report) == "1 window reserved on 1 provider; nothing conflicts."
    assert [row["to"] for row in rows(report, NOW)] == ["9.0 s"]
