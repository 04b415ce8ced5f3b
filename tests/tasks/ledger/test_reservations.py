"""Tests of reservations and conflicts, which are found by provider, time and workload."""

from __future__ import annotations

from blocks.providers.interface import Resources
from tasks.ledger.connection import Ledger
from tasks.ledger.reservations import (
    Conflict,
    Reservation,
    cancel_reservations,
    conflicts,
    record_conflict,
    reservations,
    reserve,
)

EARLY = Reservation("w", "local", Resources(slots=1), 0.0, 10.0)
LATE = Reservation("v", "local", Resources(cpus=0.5), 10.0, 20.0)
ELSEWHERE = Reservation("w", "other", Resources(slots=2), 5.0, 15.0)


def test_reservations_are_narrowed_by_provider_and_end(ledger: Ledger) -> None:
    """A window that is over would otherwise conflict with new plans."""
    reserve(ledger, [LATE, EARLY, ELSEWHERE])
    reserve(ledger, [])
    assert reservations(ledger) == [EARLY, ELSEWHERE, LATE]
    assert reservations(ledger, "local") == [EARLY, LATE]
    assert reservations(ledger, "local", 10.0) == [LATE]


def test_cancelling_leaves_those_of_others(ledger: Ledger) -> None:
    """Otherwise one workload's end would undo another's plan."""
    reserve(ledger, [LATE, EARLY, ELSEWHERE])
    cancel_reservations(ledger, "w")
    assert reservations(ledger) == [LATE]


def test_conflicts_are_kept_by_workload(ledger: Ledger) -> None:
    """The report of a workload must say with whom it collided."""
    mine = Conflict("w", "local", "slots", 1.0, "queue", 3.0, "local lacks 1 slot of 1")
    theirs = Conflict("v", "local", "cpus", 0.5, "queue", 4.0, "local lacks 0.5 cpus of 2")
    record_conflict(ledger, mine)
    record_conflict(ledger, theirs)
    assert conflicts(ledger, "w") == [mine]
    assert conflicts(ledger) == [mine, theirs]
