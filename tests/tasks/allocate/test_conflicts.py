"""Conflicts: demands that do not fit beside the others, counted once."""

from __future__ import annotations

from blocks.providers.interface import Resources
from tasks.allocate.conflicts import detect, rivals
from tasks.allocate.windows import Window
from tasks.ledger.queue import Held, ProviderQueue
from tasks.ledger.reservations import Reservation

NOW = 100.0


def slots(number: int) -> Resources:
    """Build an amount of slots."""
    return Resources(slots=number)


def held(owner: str, number: int, seconds: float = 10.0) -> Held:
    """Build capacity held since now."""
    return Held(1, owner, slots(number), NOW, seconds, NOW + 1000)


def test_what_fits_beside_the_others_is_no_conflict() -> None:
    """False alarms would hide the real ones."""
    queue = ProviderQueue("local", 0, slots(2), (held("v/a", 1),))
    conflicts_and_short = detect(
        "w", queue, [Window(100, 120, slots(1))], rivals("w", queue, [], NOW), NOW
    )
    assert conflicts_and_short == ([], [])


def test_a_conflict_names_amount_holder_and_time() -> None:
    """The user has to see whom to wait for, and for how long."""
    queue = ProviderQueue("local", 0, slots(1), (held("v/a", 1, 12.0),))
    others = rivals("w", queue, [], NOW)
    (conflict,), short = detect("w", queue, [Window(100, 130, slots(1))], others, NOW)
    assert (conflict.resource, conflict.missing, conflict.resolution) == ("slots", 1, "queue")
    assert conflict.reason == "local lacks 1 slot of 1: held by v/a for about 12 s more"
    assert short == [Window(100, 112, slots(1))]


def test_a_conflict_to_come_says_when() -> None:
    """A shortage in ten minutes must not read as one now."""
    queue = ProviderQueue("local", 0, slots(1))
    others = rivals("w", queue, [Reservation("v", "local", slots(1), 150.0, 160.0)], NOW)
    (conflict,), _ = detect("w", queue, [Window(100, 200, slots(1))], others, NOW)
    assert conflict.reason == (
        "local lacks 1 slot of 1 in about 50 s: held by v for about 60 s more"
    )


def test_what_a_rival_holds_of_its_own_reservation_counts_once() -> None:
    """A running workload would otherwise appear to take twice what it takes."""
    queue = ProviderQueue("local", 0, slots(2), (held("v/a", 1),))
    others = rivals("w", queue, [Reservation("v", "local", slots(1), 90.0, 110.0)], NOW)
    assert detect("w", queue, [Window(100, 110, slots(1))], others, NOW) == ([], [])


def test_own_claims_and_those_that_are_over_are_no_rivals() -> None:
    """A resumed workload would otherwise conflict with itself."""
    queue = ProviderQueue("local", 0, slots(1), (held("w/a", 1),))
    over = Reservation("v", "local", slots(1), 0.0, NOW)
    own = Reservation("w", "local", slots(1), 100.0, 110.0)
    assert rivals("w", queue, [over, own], NOW) == []
