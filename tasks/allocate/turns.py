"""When each claim of a queue is likely to have its turn, as far as the ledger knows; pure."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf

from tasks.allocate.admission import (
    MAX_CLAIMS_CONSIDERED,
    UNKNOWN_SECONDS,
    expected_end,
    rank,
)
from tasks.ledger.queue import ProviderQueue, Waiting
from tasks.planning.core.timeline import Timeline, needed, vector


@dataclass(frozen=True, slots=True)
class Turn:
    """A claim that waits, its position (1 is next), and how long it is likely to wait still.

    ``eta_seconds`` is None where that is not known: its demand never fits, or many are before it.
    """

    claim: Waiting
    position: int
    eta_seconds: float | None


def turns(queue: ProviderQueue, now: float) -> list[Turn]:
    """Return the turn of each live claim, the next one first."""
    free = Timeline(queue.capacity, now, smallest=needed((0, 0, 0)))
    for held in queue.held:
        free.reserve(now, expected_end(held, now), vector(held.demand))
    live = [entry for entry in queue.waiting if entry.lease_until > now]
    ordered = sorted(live, key=lambda entry: rank(entry.priority, entry.since, entry.owner, now))
    return [
        Turn(entry, position, _eta_seconds(entry, position, queue, free, now))
        for position, entry in enumerate(ordered, 1)
    ]


def _eta_seconds(
    entry: Waiting, position: int, queue: ProviderQueue, free: Timeline, now: float
) -> float | None:
    """Reserve the place of ``entry`` after those before it; return how long it waits for it."""
    if position > MAX_CLAIMS_CONSIDERED or not queue.capacity.fits(entry.demand):
        return None
    demand, seconds = vector(entry.demand), entry.expected_seconds or UNKNOWN_SECONDS
    start = free.earliest(now, seconds, needed(demand))
    if start == inf:
        return None
    free.reserve(start, start + seconds, demand)
    return start - now
