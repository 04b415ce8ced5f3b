"""Admission against the ledger: decide outside the transaction, compare and swap inside."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable

from tasks.allocate.admission import decide
from tasks.claim import Admittance, Claim, Granted, Queued
from tasks.ledger.allocations import (
    enqueue,
    grant,
    hold_again,
    queue_state,
    release_allocation,
    withdraw,
)
from tasks.ledger.connection import Ledger
from tasks.ledger.leases import has_lapsed, reap, renew_allocations
from tasks.ledger.providers import epochs
from tasks.ledger.queue import ProviderQueue

POLL_SECONDS = 0.02


class LedgerAdmission:
    """Admits claims on the providers of one ledger, for one process; safe between threads.

    ``lease_seconds`` is how long a grant and a place in the queue last without being renewed;
    ``clock`` gives epoch seconds.
    """

    def __init__(self, ledger: Ledger, lease_seconds: float, clock: Callable[[], float]) -> None:
        self._ledger = ledger
        self._lease_seconds = lease_seconds
        self._clock = clock
        # What the oldest answer "queued" that still stands was decided on, by provider.
        self._seen: dict[str, int] = {}
        # What was granted here and not given back, by the id of its allocation.
        self._granted: dict[int, Claim] = {}
        self._giving_back = threading.Lock()

    def admit(self, claim: Claim) -> Admittance:
        """Grant, queue or refuse ``claim``; a queued one keeps its place by asking again.

        Raises:
            NotFoundError: When the provider is not registered.
            StaleFenceError: When another run holds the owner's workload now.
        """
        while True:
            now = self._clock()
            queue = self._queue(claim.provider, now)
            decided = decide(claim, queue, now)
            if isinstance(decided, Granted):
                granted = grant(self._ledger, claim, queue.epoch, now, self._lease_seconds)
                if granted is None:
                    continue
                self._granted[granted.allocation_id] = claim
                return granted
            if isinstance(decided, Queued):
                self._seen.setdefault(claim.provider, queue.epoch)
                enqueue(self._ledger, claim, decided.reason, now, self._lease_seconds)
            return decided

    def release(self, allocation_id: int, fence: int) -> bool:
        """Give capacity back; False when it was not held any more.

        Raises:
            StaleFenceError: When it is held under a later fence.
        """
        with self._giving_back:
            self._granted.pop(allocation_id, None)
            return release_allocation(self._ledger, allocation_id, fence)

    def renew(self, workload_id: str, fence: int) -> list[str]:
        """Prolong what the workload holds and waits for; the owners of what had been lost.

        What was granted here and is not held any more is used all the same: it is held anew.

        Raises:
            StaleFenceError: When another run holds the workload now.
        """
        ledger, seconds = self._ledger, self._lease_seconds
        with self._giving_back:
            granted = {i: c for i, c in self._granted.items() if c.fence == fence}
            held = renew_allocations(ledger, workload_id, fence, self._clock(), seconds)
            lost = [(i, claim) for i, claim in granted.items() if i not in held]
            return [
                claim.owner
                for i, claim in lost
                if hold_again(ledger, claim, i, self._clock(), seconds)
            ]

    def withdraw(self, owner: str) -> None:
        """Let ``owner`` wait no longer."""
        withdraw(self._ledger, owner)

    async def changed(self, timeout: float) -> None:  # noqa: ASYNC109 - part of the contract
        """Return when asking again may help one that was queued, or after ``timeout`` seconds.

        Leases that run out change nothing in the ledger by themselves: ask again on a time-out.
        """
        loop = asyncio.get_running_loop()
        deadline = loop.time() + timeout
        version = None
        while loop.time() < deadline:
            # Read before the epochs, so that no commit falls between the two.
            current = await asyncio.to_thread(self._ledger.version)
            if current != version and await asyncio.to_thread(self._moved):
                return
            version = current
            await asyncio.sleep(min(POLL_SECONDS, max(0.0, deadline - loop.time())))

    def _queue(self, provider: str, now: float) -> ProviderQueue:
        """Return who holds and waits; what of it nobody stands behind any more is reaped first."""
        queue = queue_state(self._ledger, provider)
        if any(has_lapsed(item.lease_until, now, self._lease_seconds) for item in queue.held):
            reap(self._ledger, now, self._lease_seconds)
            queue = queue_state(self._ledger, provider)
        return queue

    def _moved(self) -> bool:
        """Tell whether a provider moved on since a claim on it was queued."""
        seen = dict(self._seen)
        current = epochs(self._ledger, seen) if seen else {}
        moved = [name for name, epoch in seen.items() if current.get(name) != epoch]
        for name in moved:
            self._seen.pop(name, None)
        return bool(moved)
