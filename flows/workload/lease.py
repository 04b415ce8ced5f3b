"""Renews the leases of a workload for as long as its run lives."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from tasks.allocate.ledger_admission import LedgerAdmission
from tasks.errors import StaleFenceError
from tasks.ledger.connection import Ledger
from tasks.ledger.workloads import WorkloadLease, renew_workload


@asynccontextmanager
async def kept_alive(
    ledger: Ledger,
    lease: WorkloadLease,
    admission: LedgerAdmission,
    seconds: float,
    warn: Callable[[str], None],
) -> AsyncIterator[None]:
    """Renew the lease of a workload and of all it holds, each time for ``seconds``.

    When another run has taken the workload over, this is reported once and the renewing ends. The
    work is not cancelled, as that would stop steps which the other run has adopted. The fence
    refuses what this run still tries to write.

    Args:
        ledger: The ledger.
        lease: The lease to keep.
        admission: The admission that granted the workload its capacity.
        seconds: For how long each renewal holds.
        warn: Called with a sentence when a lease could not be renewed.
    """
    beating = asyncio.create_task(_beat(ledger, lease, admission, seconds, warn))
    try:
        yield
    finally:
        beating.cancel()
        await asyncio.wait([beating])


async def _beat(
    ledger: Ledger,
    lease: WorkloadLease,
    admission: LedgerAdmission,
    seconds: float,
    warn: Callable[[str], None],
) -> None:
    """Renew well before any lease runs out; report failures, and try again."""
    is_held = True
    while is_held:
        await asyncio.sleep(seconds / 3)
        try:
            is_held = await asyncio.to_thread(_renew, ledger, lease, admission, seconds, warn)
        except Exception as error:  # noqa: BLE001 - a heartbeat that ends gives the workload away
            why = f"{type(error).__name__}: {error}"
            warn(f"The lease of workload {lease.id} could not be renewed yet: {why}")
    warn(f"Workload {lease.id} was taken over by another run; this one can record nothing more.")


def _renew(
    ledger: Ledger,
    lease: WorkloadLease,
    admission: LedgerAdmission,
    seconds: float,
    warn: Callable[[str], None],
) -> bool:
    if not renew_workload(ledger, lease.id, lease.fence, time.time(), seconds):
        return False
    try:
        lost = admission.renew(lease.id, lease.fence)
    except StaleFenceError:
        return False
    if lost:
        warn(
            f"The lease of {', '.join(lost)} had run out, and others could take their resources. "
            "They continue and hold the resources again, together with any step admitted meanwhile."
        )
    return True
