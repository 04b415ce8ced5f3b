"""Keeps what a run holds its own for as long as the run lives."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from tasks.ledger.allocations import renew_allocations
from tasks.ledger.connection import Ledger, LedgerError
from tasks.ledger.workloads import WorkloadLease, renew_workload


@asynccontextmanager
async def kept_alive(
    book: Ledger, lease: WorkloadLease, seconds: float, warn: Callable[[str], None]
) -> AsyncIterator[None]:
    """Renew the lease of a workload and of all it holds, each time for ``seconds``.

    Where another run has taken the workload over, that is said once and the renewing ends. The
    work is not cancelled: that would stop steps which the other run has adopted. What it still
    wants to write is refused by its fence.

    Args:
        book: The ledger.
        lease: The lease to keep.
        seconds: For how long each renewal holds.
        warn: Told in a sentence what kept a lease from being renewed.
    """
    beating = asyncio.create_task(_beat(book, lease, seconds, warn))
    try:
        yield
    finally:
        beating.cancel()
        await asyncio.wait([beating])


async def _beat(
    book: Ledger, lease: WorkloadLease, seconds: float, warn: Callable[[str], None]
) -> None:
    """Renew well before anything runs out; a ledger that does not answer is asked again."""
    held = True
    while held:
        await asyncio.sleep(seconds / 3)
        try:
            held = await asyncio.to_thread(_renew, book, lease, seconds)
        except LedgerError as error:
            warn(f"The lease of workload {lease.id} could not be renewed yet: {error}")
    warn(f"Workload {lease.id} was taken over by another run; this one can record nothing more.")


def _renew(book: Ledger, lease: WorkloadLease, seconds: float) -> bool:
    now = time.time()
    renew_allocations(book, lease.id, lease.fence, now, seconds)
    return renew_workload(book, lease.id, lease.fence, now, seconds)
