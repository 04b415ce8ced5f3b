"""The state of one provider's queue, as admission sees it: plain values, free of sqlalchemy."""

from __future__ import annotations

from dataclasses import dataclass

from blocks.providers.interface import Resources


@dataclass(frozen=True, slots=True)
class Held:
    """Capacity held since ``since``, expected for ``expected_seconds`` (0: unknown).

    Its owner keeps renewing ``lease_until``; past that it counts until it is reaped, for which
    nobody may stand behind it any more. Times are epoch seconds.
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
    """Who holds and who waits for one provider, both oldest first.

    ``epoch`` moves with everything that may change an answer; a grant is only written while it
    is still what the decision was made on.
    """

    provider: str
    epoch: int
    capacity: Resources
    held: tuple[Held, ...] = ()
    waiting: tuple[Waiting, ...] = ()
