"""Keeps what a run holds its own for as long as the run lives."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from tasks.allocate.admit import LedgerAdmission
from tasks.errors import StaleFenceError
from tasks.ledger.connection import Ledger
from tasks.ledger.workloads import WorkloadLease, renew_workload


@asynccontextmanager
async def kept_alive(
    book: Ledger,
    lease: WorkloadLease,
    admission: LedgerAdmission,
    seconds: float,
    warn: Callable[[str], None],
) -> AsyncIterator[None]:
    """Renew the lease of a workload and of all it holds, each time for ``seconds``.

    Where another run has taken the workload over, that is said once and the renewing ends. The
    work is not cancelled: that would stop steps which the other run has adopted. What it still
    wants to write is refused by its fence.

    Args:
        book: The ledger.
        lease: The lease to keep.
        admission: What has granted the workload its capacity.
        seconds: For how long each renewal holds.
        warn: Told in a sentence what kept a lease from being renewed.
    """
    beating = asyncio.create_task(_beat(book, lease, admission, seconds, warn))
    try:
        yield
    finally:
        beating.cancel()
        await asyncio.wait([beating])


async def _beat(
    book: Ledger,
    lease: WorkloadLease,
    admission: LedgerAdmission,
    seconds: float,
    warn: Callable[[str], None],
) -> None:
    """Renew well before anything runs out; whatever goes wrong is told, and tried again."""
    held = True
    while held:
        await asyncio.sleep(seconds / 3)
        try:
            held = await asyncio.to_thread(_renew, book, lease, admission, seconds, warn)
        except Exception as error:  # noqa: BLE001 - a heartbeat that ends gives the workload away
            why = f"{type(error).__name__}: {error}"
            warn(f"The lease of workload {lease.id} could not be renewed yet: {why}")
    warn(f"Workload {lease.id} was taken over by another run; this one can record nothing more.")


def _renew(
    book: Ledger,
    lease: WorkloadLease,
    admission: LedgerAdmission,
    seconds: float,
    warn: Callable[[str], None],
) -> bool:
    if not renew_workload(book, lease.id, lease.fence, time.time(), seconds):
        return False
    try:
        lost = admission.renew(lease.id, lease.fence)
    except StaleFenceError:
        return False
    if lost:
        warn(
            f"{', '.join(lost)}: the lease of what they hold had run out, and was given up "
            "by others. They go on and hold it again; whoever was let in meanwhile shares it."
        )
    return True
