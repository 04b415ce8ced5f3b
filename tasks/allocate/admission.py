"""Who may have a provider's capacity now: a pure decision on the state of its queue.

Highest priority first, where waiting raises the priority; first come first served within; and
conservative backfill: a claim may pass those ahead when it delays the expected start of none
(Mu'alem and Feitelson, IEEE TPDS 12(6), 2001). Expectations can be wrong for ever, so a claim
that has waited for long is passed by nothing that takes what it needs.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import inf

from tasks.allocate.reasons import holders, never_fits, shortage
from tasks.allocate.timeline import ReservationTimeline
from tasks.claim import Admittance, Claim, Granted, Queued, Refused
from tasks.ledger.queue import Held, ProviderQueue, Waiting

# Waiting this long counts as much as one step of priority.
AGING_SECONDS = 60.0
# Waiting this long ends all backfill past a claim.
PATIENCE_SECONDS = 300.0
# What is expected where nothing is known.
UNKNOWN_SECONDS = 60.0
# So many of those ahead get an expected start; behind them nothing is passed.
DEPTH = 64


def decide(claim: Claim, queue: ProviderQueue, now: float) -> Admittance:
    """Decide whether ``claim`` may have its demand at ``now``.

    A Granted says that it may: its ``allocation_id`` is 0 and its lease is over, until whoever
    writes the allocation fills them in. What the owner itself holds counts as free, as the new
    allocation replaces it; what another holds counts until it is reaped.
    """
    if not queue.capacity.fits(claim.demand):
        return Refused(never_fits(queue.provider, claim.owner, claim.demand, queue.capacity))
    if any(item.owner == claim.owner and item.demand.fits(claim.demand) for item in queue.held):
        # It takes over what it holds, from the run before it: nobody else could have that.
        return Granted(0, queue.provider, claim.fence, now)
    held = [item for item in queue.held if item.owner != claim.owner]
    ahead = waiting_ahead(claim, queue, now)
    start = _expected_start(claim, queue, held, ahead, now)
    if start <= now:
        return Granted(0, queue.provider, claim.fence, now)
    position = len(ahead) + 1
    return Queued(
        position,
        f"{_reason(claim, queue, held, ahead, now)}; position {position}",
        None if start == inf else start - now,
    )


def waiting_ahead(claim: Claim, queue: ProviderQueue, now: float) -> list[Waiting]:
    """Return the live claims that come before ``claim``, the next one first.

    It comes no later than any that it passes: that one waits for it, so whoever had its turn
    between the two would wait for itself.
    """
    # Who has not waited yet comes after those who began to at the same moment.
    since = next((item.since for item in queue.waiting if item.owner == claim.owner), inf)
    passed = [
        _rank(item.priority, item.since, item.owner, now)
        for item in queue.waiting
        if item.owner in claim.passes and item.lease_until > now
    ]
    own = min([_rank(claim.priority, since, claim.owner, now), *passed])
    ranked = sorted(
        (_rank(item.priority, item.since, item.owner, now), item)
        for item in queue.waiting
        if item.owner != claim.owner and item.lease_until > now
    )
    return [
        item
        for rank, item in ranked
        if item.owner in claim.yields or (rank < own and item.owner not in claim.passes)
    ]


def expected_end(held: Held, now: float) -> float:
    """Return when ``held`` is likely to be free; what is overdue lasts half as long again."""
    end = held.since + (held.expected_seconds or UNKNOWN_SECONDS)
    return end if end > now else now + max(1.0, (now - held.since) / 2)


def _rank(priority: int, since: float, owner: str, now: float) -> tuple[float, float, str]:
    return (-(priority + max(0.0, now - since) / AGING_SECONDS), since, owner)


def _expected_start(
    claim: Claim, queue: ProviderQueue, held: Sequence[Held], ahead: Sequence[Waiting], now: float
) -> float:
    free = ReservationTimeline(queue.capacity, now)
    for item in held:
        free.take(item.demand, now, expected_end(item, now))
    for index, other in enumerate(ahead):
        seconds = other.expected_seconds or UNKNOWN_SECONDS
        if index >= DEPTH or now - other.since >= PATIENCE_SECONDS:
            free.take(other.demand, now, inf)
        else:
            start = free.earliest(other.demand, seconds)
            # One that no longer fits at all starts never, and keeps nobody waiting.
            free.take(other.demand, start, start + seconds)
    return free.earliest(claim.demand, _seconds(claim, ahead))


def _seconds(claim: Claim, ahead: Sequence[Waiting]) -> float:
    """Return how long ``claim`` is reckoned with: by its median, half of them end too late.

    Among its own it is what the dispatcher reckoned with, which chose it knowing the others.
    """
    own = claim.owner.partition("/")[0]
    passes_others = any(item.owner.partition("/")[0] != own for item in ahead)
    late = claim.late_seconds if passes_others else 0.0
    return max(late, claim.expected_seconds) or UNKNOWN_SECONDS


def _reason(
    claim: Claim, queue: ProviderQueue, held: Sequence[Held], ahead: Sequence[Waiting], now: float
) -> str:
    free = queue.capacity
    for item in held:
        free = free.minus(item.demand)
    missing = free.lacks(claim.demand)
    if not missing:
        return f"{queue.provider} keeps what is free for {ahead[0].owner}, which comes first"
    holding = [
        (item.owner, expected_end(item, now) - now)
        for item in held
        if any(getattr(item.demand, name) for name in missing)
    ]
    return f"{shortage(queue.provider, missing, queue.capacity)}: {holders(holding)}"
