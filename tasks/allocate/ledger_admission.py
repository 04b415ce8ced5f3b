"""Admission against the ledger: decided outside the transaction, compared and swapped inside."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable

from tasks.allocate.admission import decide
from tasks.claim import AdmissionDecision, Claim, Granted, Queued
from tasks.companion import fault_of
from tasks.ledger.allocations import (
    enqueue,
    grant,
    hold_again,
    queue_state,
    release_allocation,
    waited_for,
    withdraw,
)
from tasks.ledger.connection import Ledger
from tasks.ledger.group_commit import GroupCommit
from tasks.ledger.handovers import Handover, hand_over
from tasks.ledger.leases import has_lapsed, reap, renew_allocations
from tasks.ledger.providers import epochs
from tasks.ledger.queue import ProviderQueue

POLL_SECONDS = 0.02


class LedgerAdmission:
    """Admits claims on the providers of one ledger, for one process; safe between threads.

    ``lease_seconds`` is how long a grant and a place in the queue last without being renewed;
    ``clock`` gives epoch seconds; ``group`` writes what need not be waited for.
    """

    def __init__(
        self,
        ledger: Ledger,
        lease_seconds: float,
        clock: Callable[[], float],
        group: GroupCommit | None = None,
    ) -> None:
        self._ledger = ledger
        self._group = group or GroupCommit(ledger)
        self._lease_seconds = lease_seconds
        self._clock = clock
        # The epoch on which the oldest standing answer "queued" was decided, by provider.
        self._queued_epochs: dict[str, int] = {}
        # The claims granted here and not given back, by the id of their allocation.
        self._granted: dict[int, Claim] = {}
        self._giving_back = threading.Lock()

    def admit(self, claim: Claim) -> AdmissionDecision:
        """Grant, queue or refuse ``claim``; a queued one keeps its place by asking again.

        Raises:
            NotFoundError: When the provider is not registered.
            StaleFenceError: When another run holds the owner's workload now.
        """
        while True:
            now = self._clock()
            queue = self._queue(claim.provider, now)
            decision = decide(claim, queue, now)
            if isinstance(decision, Granted):
                granted = grant(self._ledger, claim, queue.epoch, now, self._lease_seconds)
                if granted is None:
                    continue
                self._granted[granted.allocation_id] = claim
                return granted
            if isinstance(decision, Queued):
                self._queued_epochs.setdefault(claim.provider, queue.epoch)
                enqueue(self._ledger, claim, decision.reason, now, self._lease_seconds)
            return decision

    def hand_over(self, granted: Granted, claim: Claim, *, waited: bool) -> None:
        """Give what ``granted`` holds to ``claim``, which asks for the same of the same provider.

        ``waited``: whether ``claim`` may stand in a queue. It is written before whatever is added
        to the group next.
        """
        self._granted[granted.allocation_id] = claim
        handover = Handover(granted.allocation_id, claim, self._clock(), waited)
        written = self._group.add(hand_over, handover)
        # A run that was taken over is refused when it records the begin of the step.
        written.add_done_callback(fault_of)

    def wanted_by_others(self, workload_id: str) -> frozenset[str]:
        """Return the names of the providers that claims of other workloads wait for."""
        return waited_for(self._ledger, workload_id, self._clock())

    def release(self, allocation_id: int, fence: int) -> bool:
        """Release an allocation; False when it was not held any more.

        Raises:
            StaleFenceError: When it is held under a later fence.
        """
        with self._giving_back:
            self._granted.pop(allocation_id, None)
            return release_allocation(self._ledger, allocation_id, fence)

    def renew(self, workload_id: str, fence: int) -> list[str]:
        """Renew the allocations and claims of the workload; return the owners of lost ones.

        An allocation granted here that is lost is still in use: it is held again.

        Raises:
            StaleFenceError: When another run holds the workload now.
        """
        ledger, seconds = self._ledger, self._lease_seconds
        with self._giving_back:
            granted = {
                allocation_id: claim
                for allocation_id, claim in self._granted.items()
                if claim.fence == fence
            }
            held_ids = renew_allocations(ledger, workload_id, fence, self._clock(), seconds)
            lost = [
                (allocation_id, claim)
                for allocation_id, claim in granted.items()
                if allocation_id not in held_ids
            ]
            return [
                claim.owner
                for allocation_id, claim in lost
                if hold_again(ledger, claim, allocation_id, self._clock(), seconds)
            ]

    def withdraw(self, owner: str) -> None:
        """Remove the claim of ``owner`` from the queue."""
        withdraw(self._ledger, owner)

    async def changed(self, timeout: float) -> None:  # noqa: ASYNC109 - part of the contract
        """Wait until asking again may help a queued claim, or for ``timeout`` seconds.

        A lease that expires changes nothing in the ledger by itself: ask again on a time-out.
        """
        loop = asyncio.get_running_loop()
        deadline = loop.time() + timeout
        version = None
        while loop.time() < deadline:
            if self._queued_epochs:
                # Read before the epochs, so that no commit falls between the two.
                current = await asyncio.to_thread(self._ledger.version)
                if current != version and await asyncio.to_thread(self._has_moved):
                    return
                version = current
            await asyncio.sleep(min(POLL_SECONDS, max(0.0, deadline - loop.time())))

    def _queue(self, provider: str, now: float) -> ProviderQueue:
        """Return the queue of ``provider``, after reaping allocations whose leases have lapsed."""
        queue = queue_state(self._ledger, provider)
        if any(has_lapsed(held.lease_until, now, self._lease_seconds) for held in queue.held):
            reap(self._ledger, now, self._lease_seconds)
            queue = queue_state(self._ledger, provider)
        return queue

    def _has_moved(self) -> bool:
        """Tell whether a provider's epoch has changed since a claim on it was queued."""
        queued_epochs = dict(self._queued_epochs)
        current = epochs(self._ledger, queued_epochs)
        moved = [name for name, epoch in queued_epochs.items() if current.get(name) != epoch]
        for name in moved:
            self._queued_epochs.pop(name, None)
        return bool(moved)
