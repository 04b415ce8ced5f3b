"""The state of one provider's queue, as admission sees it; plain values without SQLAlchemy."""

from __future__ import annotations

from dataclasses import dataclass

from blocks.providers.interface import Resources


@dataclass(frozen=True, slots=True)
class Held:
    """Capacity held since ``since``, expected for ``expected_seconds`` (0: unknown).

    Its owner keeps renewing ``lease_until``; past that it counts until it is reaped, which happens
    only when no living process uses it. Times are epoch seconds.
    """

    allocation_id: int
    owner: str
    demand: Resources
    since: float
    expected_seconds: float
    lease_until: float


@dataclass(frozen=True, slots=True)
class Waiting:
    """A claim that waits since ``since``; it counts until ``lease_until``, renewed by asking."""

    owner: str
    demand: Resources
    priority: int
    since: float
    expected_seconds: float
    lease_until: float


@dataclass(frozen=True, slots=True)
class ProviderQueue:
    """The allocations of one provider and the claims waiting for it, both oldest first.

    ``epoch`` changes with everything that may change a decision; a grant is only written while the
    epoch is still the one of the decision.
    """

    provider: str
    epoch: int
    capacity: Resources
    held: tuple[Held, ...] = ()
    waiting: tuple[Waiting, ...] = ()
