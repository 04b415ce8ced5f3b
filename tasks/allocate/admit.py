"""Admission against the ledger: decide outside the transaction, compare and swap inside."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from tasks.allocate.admission import decide
from tasks.claim import Admittance, Claim, Granted, Queued
from tasks.ledger.allocations import (
    enqueue,
    grant,
    queue_state,
    release_allocation,
    withdraw,
)
from tasks.ledger.connection import Ledger
from tasks.ledger.providers import epochs

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

    def admit(self, claim: Claim) -> Admittance:
        """Grant, queue or refuse ``claim``; a queued one keeps its place by asking again.

        Raises:
            NotFoundError: When the provider is not registered.
            StaleFenceError: When another run holds the owner's workload now.
        """
        while True:
            queue = queue_state(self._ledger, claim.provider)
            now = self._clock()
            decided = decide(claim, queue, now)
            if isinstance(decided, Granted):
                granted = grant(self._ledger, claim, queue.epoch, now, self._lease_seconds)
                if granted is None:
                    continue
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
        return release_allocation(self._ledger, allocation_id, fence)

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

    def _moved(self) -> bool:
        """Tell whether a provider moved on since a claim on it was queued."""
        seen = dict(self._seen)
        current = epochs(self._ledger, seen) if seen else {}
        moved = [name for name, epoch in seen.items() if current.get(name) != epoch]
        for name in moved:
            self._seen.pop(name, None)
        return bool(moved)
