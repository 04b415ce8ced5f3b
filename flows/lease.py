"""Keeps what a run holds its own for as long as the run lives."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tasks.ledger.allocations import renew_allocations
from tasks.ledger.connection import Ledger
from tasks.ledger.workloads import WorkloadLease, renew_workload


@asynccontextmanager
async def kept_alive(book: Ledger, lease: WorkloadLease, seconds: float) -> AsyncIterator[None]:
    """Renew the lease of a workload and of all it holds, each time for ``seconds``."""

    def renew() -> None:
        """Renew both once."""
        now = time.time()
        renew_workload(book, lease.id, lease.fence, now, seconds)
        renew_allocations(book, lease.id, lease.fence, now, seconds)

    async def beat() -> None:
        """Renew well before anything runs out."""
        while True:
            await asyncio.sleep(seconds / 3)
            await asyncio.to_thread(renew)

    beating = asyncio.create_task(beat())
    try:
        yield
    finally:
        beating.cancel()
        await asyncio.gather(beating, return_exceptions=True)
