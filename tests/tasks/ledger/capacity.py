"""Helpers: a provider, and a claim that is granted on it."""

from __future__ import annotations

from blocks.providers.interface import Resources
from tasks.claim import Claim, Granted
from tasks.ledger.allocations import grant, queue_state
from tasks.ledger.connection import Ledger

ONE = Resources(cpus=1, slots=1)
CLAIM = Claim("w/build", "local", ONE, fence=1, priority=3, expected_seconds=9.0)


def granted(ledger: Ledger, claim: Claim = CLAIM, now: float = 0.0) -> Granted:
    """Grant ``claim`` for ten seconds on the present state."""
    issued = grant(ledger, claim, queue_state(ledger, "local").epoch, now, 10.0)
    assert issued is not None
    return issued


def owners(ledger: Ledger) -> list[str]:
    """List who holds capacity."""
    return [item.owner for item in queue_state(ledger, "local").held]
