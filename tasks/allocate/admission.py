"""Admission to a provider's capacity: a pure decision on the state of its queue.

Highest priority first, where waiting raises the priority; first come, first served within; and
conservative backfill: a claim may pass those ahead when it delays the expected start of none
(Mu'alem and Feitelson, IEEE TPDS 12(6), 2001). Expectations can always be wrong, so no claim
passes another that has waited for long if it takes the capacity that the other needs.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import inf

from tasks.allocate.reasons import holders, never_fits, shortage
from tasks.claim import AdmissionDecision, Claim, Granted, Queued, Refused
from tasks.ledger.queue import Held, ProviderQueue, Waiting
from tasks.planning.core.timeline import Timeline, needed, vector

# Waiting for so long counts as much as one step of priority.
AGING_SECONDS = 60.0
# Waiting for so long ends all backfill past a claim.
MAX_BACKFILL_SECONDS = 300.0
# The duration that is assumed where none is known.
UNKNOWN_SECONDS = 60.0
# The number of claims ahead that get an expected start; no claim passes those after them.
MAX_CLAIMS_CONSIDERED = 64


def decide(claim: Claim, queue: ProviderQueue, now: float) -> AdmissionDecision:
    """Decide whether ``claim`` may have its demand at ``now``.

    A Granted says that it may: its ``allocation_id`` is 0 and its lease is over, until the caller
    that writes the allocation fills them in. The owner's own allocation counts as free, as the
    new one replaces it; the allocation of another counts until it is reaped.
    """
    if not queue.capacity.fits(claim.demand):
        return Refused(never_fits(queue.provider, claim.owner, claim.demand, queue.capacity))
    if any(entry.owner == claim.owner and entry.demand.fits(claim.demand) for entry in queue.held):
        # It takes over the allocation of the run before it, which nobody else could have.
        return Granted(0, queue.provider, claim.fence, now)
    held = [entry for entry in queue.held if entry.owner != claim.owner]
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

    The claim comes no later than any that it passes: the passed one waits for it, so a claim
    with its turn between the two would wait for itself.
    """
    # A claim that has not waited yet comes after those that began to wait at the same moment.
    since = next((entry.since for entry in queue.waiting if entry.owner == claim.owner), inf)
    passed = [
        rank(entry.priority, entry.since, entry.owner, now)
        for entry in queue.waiting
        if entry.owner in claim.passes and entry.lease_until > now
    ]
    own = min([rank(claim.priority, since, claim.owner, now), *passed])
    ranked = sorted(
        (rank(entry.priority, entry.since, entry.owner, now), entry)
        for entry in queue.waiting
        if entry.owner != claim.owner and entry.lease_until > now
    )
    return [
        entry
        for place, entry in ranked
        if entry.owner in claim.yields or (place < own and entry.owner not in claim.passes)
    ]


def expected_end(held: Held, now: float) -> float:
    """Return when ``held`` is likely to be free; if overdue, it lasts half as long again."""
    end = held.since + (held.expected_seconds or UNKNOWN_SECONDS)
    return end if end > now else now + max(1.0, (now - held.since) / 2)


def rank(priority: int, since: float, owner: str, now: float) -> tuple[float, float, str]:
    """Return by what claims are ordered: the smallest has its turn first."""
    return (-(priority + max(0.0, now - since) / AGING_SECONDS), since, owner)


def _expected_start(
    claim: Claim, queue: ProviderQueue, held: Sequence[Held], ahead: Sequence[Waiting], now: float
) -> float:
    free = Timeline(queue.capacity, now, smallest=needed((0, 0, 0)))
    for held_claim in held:
        free.reserve(now, expected_end(held_claim, now), vector(held_claim.demand))
    for index, other in enumerate(ahead):
        demand, seconds = vector(other.demand), other.expected_seconds or UNKNOWN_SECONDS
        if index >= MAX_CLAIMS_CONSIDERED or now - other.since >= MAX_BACKFILL_SECONDS:
            free.reserve(now, inf, demand)
        elif queue.capacity.fits(other.demand):  # else it never starts, and makes no other wait
            start = free.earliest(now, seconds, needed(demand))
            free.reserve(start, start + seconds, demand)
    return free.earliest(now, _seconds(claim, ahead), needed(vector(claim.demand)))


def _seconds(claim: Claim, ahead: Sequence[Waiting]) -> float:
    """Return the duration to assume of ``claim``: by the median, half of the claims end later.

    Among claims of its own workload it is that of the dispatcher, which knew the others.
    """
    own_workload = claim.owner.partition("/")[0]
    passes_others = any(waiting.owner.partition("/")[0] != own_workload for waiting in ahead)
    late_seconds = claim.late_seconds if passes_others else 0.0
    return max(late_seconds, claim.expected_seconds) or UNKNOWN_SECONDS


def _reason(
    claim: Claim, queue: ProviderQueue, held: Sequence[Held], ahead: Sequence[Waiting], now: float
) -> str:
    free = queue.capacity
    for held_claim in held:
        free = free.minus(held_claim.demand)
    missing = free.lacks(claim.demand)
    if not missing:
        return f"{queue.provider} keeps what is free for {ahead[0].owner}, which comes first"
    holding = [
        (held_claim.owner, expected_end(held_claim, now) - now)
        for held_claim in held
        if any(getattr(held_claim.demand, name) for name in missing)
    ]
    return f"{shortage(queue.provider, missing, queue.capacity)}: {holders(holding)}"
