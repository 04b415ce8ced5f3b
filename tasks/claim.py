"""A claim on a provider's capacity, and the answers it can get."""

from __future__ import annotations

from dataclasses import dataclass

from blocks.providers.interface import Resources


@dataclass(frozen=True, slots=True)
class Claim:
    """A demand on one provider by ``owner`` (``<workload id>/<step id>``).

    ``priority``: higher is served first. ``fence`` is the epoch of the owner's workload lease.
    ``expected_seconds`` is what the ETA of those who wait is made of; ``late_seconds`` is what it
    takes in 8 of 10 cases at most, where that is known: it passes others only if it ends by then.
    Of the claims of the same workload, those of ``passes`` are less urgent and those of ``yields``
    more, however long any of them has waited; both are owners.
    """

    owner: str
    provider: str
    demand: Resources
    fence: int
    priority: int = 0
    expected_seconds: float = 0.0
    late_seconds: float = 0.0
    passes: frozenset[str] = frozenset()
    yields: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Granted:
    """Capacity held now, until ``lease_until`` (epoch seconds) unless renewed."""

    allocation_id: int
    provider: str
    fence: int
    lease_until: float


@dataclass(frozen=True, slots=True)
class Queued:
    """Nothing free yet: place in the queue (1 is next), why, and when it is likely to be free."""

    position: int
    reason: str
    eta_seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Refused:
    """It can never fit: the conflict, in words."""

    conflict: str


Admittance = Granted | Queued | Refused
