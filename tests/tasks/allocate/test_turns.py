"""Tests of the expected turns of claims that wait."""

from __future__ import annotations

from blocks.providers.interface import Resources
from tasks.allocate.turns import turns
from tasks.ledger.queue import Held, ProviderQueue, Waiting

NOW = 1000.0
SLOT = Resources(slots=1)


def waiting(owner: str, since: float, **fields: float) -> Waiting:
    """Return a claim of one slot for ten seconds."""
    values = {"priority": 0, "expected_seconds": 10.0, "lease_until": NOW + 60, **fields}
    return Waiting(owner, SLOT, since=since, **values)  # type: ignore[arg-type]


def test_each_waits_for_those_before_it() -> None:
    """Who asks when a step starts would be told a time that passes in vain."""
    held = Held(1, "w/held", SLOT, NOW - 20, 30.0, NOW + 60)
    claims = (
        waiting("w/late", NOW - 1),
        waiting("w/early", NOW - 5),
        waiting("w/urgent", NOW, priority=1),
    )
    queue = ProviderQueue("local", 1, SLOT, (held,), claims)
    expected = [("w/urgent", 1, 10.0), ("w/early", 2, 20.0), ("w/late", 3, 30.0)]
    assert [
        (each.claim.owner, each.position, each.eta_seconds) for each in turns(queue, NOW)
    ] == expected


def test_what_never_fits_has_no_time_and_keeps_nobody_waiting() -> None:
    """All behind it would be told that they wait for ever."""
    large = Waiting("w/large", Resources(slots=9), 0, NOW - 9, 10.0, NOW + 60)
    gone = waiting("w/gone", NOW - 8, lease_until=NOW - 1)
    queue = ProviderQueue("local", 1, SLOT, (), (large, gone, waiting("w/small", NOW)))
    assert [(each.claim.owner, each.eta_seconds) for each in turns(queue, NOW)] == [
        ("w/large", None),
        ("w/small", 0.0),
    ]
