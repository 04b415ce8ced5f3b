"""Workloads, each of which is one run of steps, held by one live owner at a time."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import Connection, insert, or_, select, update

from blocks.providers.process.identity import known_alive
from tasks.errors import BusyError
from tasks.holder import run_of
from tasks.ledger.connection import Ledger
from tasks.ledger.fences import check_fence
from tasks.ledger.holdings import drop_holdings
from tasks.ledger.tables.work import workloads as table

OPEN = "open"


@dataclass(frozen=True, slots=True)
class WorkloadLease:
    """The right to work on a workload until it is taken over; ``fence`` is its fencing token."""

    id: str
    key: str
    fence: int
    resumed: bool


@dataclass(frozen=True, slots=True)
class WorkloadRow:
    """A workload as recorded; ``state`` is ``open`` until it is closed with another."""

    id: str
    key: str
    owner: str
    fence: int
    state: str
    lease_until: float
    opened_at: float
    closed_at: float | None


def open_workload(  # noqa: PLR0917 - a key, an owner and a check of the former owner
    ledger: Ledger,
    key: str,
    owner: str,
    now: float,
    lease_seconds: float,
    owner_alive: Callable[[str], bool],
) -> WorkloadLease:
    """Open the workload of ``key``: a new one, or the open one whose owner is gone.

    A workload is taken over if ``owner_alive`` is false for its owner, or if its lease ran out and
    it cannot be known whether the owner lives; the fence then rises, and further writes of the
    former owner are refused.

    Raises:
        BusyError: When a live run holds it.
    """
    while True:
        with ledger.read() as connection:
            former = _open_row(connection, key)
        if former is not None and is_held(former, now, owner_alive):
            raise BusyError(
                f"workload {key} is being run by {run_of(former.owner)} (id {former.id}). "
                "Wait for that run, or cancel it."
            )
        # The owner was checked outside the lock, so it must still be the same one.
        with ledger.write() as connection:
            if _open_row(connection, key) == former:
                lease: dict[str, object] = {"owner": owner, "lease_until": now + lease_seconds}
                return _take(connection, key, lease, now, former)


def is_held(row: WorkloadRow, now: float, owner_alive: Callable[[str], bool]) -> bool:
    """Tell whether a run works on this workload.

    Either its owner is certainly alive, whatever a clock says, or may be alive and has the lease.
    """
    if row.closed_at is not None:
        return False
    return known_alive(row.owner) or (row.lease_until > now and owner_alive(row.owner))


def renew_workload(
    ledger: Ledger, workload_id: str, fence: int, now: float, lease_seconds: float
) -> bool:
    """Renew the lease; False if the workload was taken over or closed, so that work must stop."""
    with ledger.write() as connection:
        renewed = connection.execute(
            update(table)
            .where(table.c.id == workload_id, table.c.fence == fence, table.c.closed_at.is_(None))
            .values(lease_until=now + lease_seconds)
        )
    return renewed.rowcount == 1


def close_workload(ledger: Ledger, workload_id: str, fence: int, state: str, now: float) -> None:
    """Close the workload as ``state``, and release all capacity it holds, waits for or reserved.

    Closing it again changes nothing.

    Raises:
        StaleFenceError: When another run holds it now.
    """
    with ledger.write() as connection:
        check_fence(connection, workload_id, fence)
        connection.execute(
            update(table)
            .where(table.c.id == workload_id, table.c.closed_at.is_(None))
            .values(state=state, closed_at=now)
        )
        drop_holdings(connection, workload_id)


def workloads(ledger: Ledger, project: str | None = None, limit: int = 50) -> list[WorkloadRow]:
    """Return the newest workloads; those of ``project`` have keys that start ``<project>/``."""
    query = select(table).order_by(table.c.opened_at.desc()).limit(limit)
    if project is not None:
        below = table.c.key.startswith(f"{project}/", autoescape=True)
        query = query.where(or_(table.c.key == project, below))
    with ledger.read() as connection:
        return [WorkloadRow(**row) for row in connection.execute(query).mappings()]


def workload_keys(ledger: Ledger, project: str) -> list[str]:
    """Return the keys below ``project`` of which a run has begun, each once."""
    below = table.c.key.startswith(f"{project}/", autoescape=True)
    with ledger.read() as connection:
        return list(connection.scalars(select(table.c.key).where(below).distinct()))


def resumable_workloads(ledger: Ledger, since: float) -> set[str]:
    """Return the ids of open workloads that run, or whose lease lasted beyond ``since``."""
    query = select(table.c.id, table.c.owner, table.c.lease_until).where(
        table.c.closed_at.is_(None)
    )
    with ledger.read() as connection:
        rows = connection.execute(query).all()
    return {row.id for row in rows if row.lease_until > since or known_alive(row.owner)}


def _open_row(connection: Connection, key: str) -> WorkloadRow | None:
    query = select(table).where(table.c.key == key, table.c.closed_at.is_(None))
    row = connection.execute(query).mappings().one_or_none()
    return None if row is None else WorkloadRow(**row)


def _take(
    connection: Connection,
    key: str,
    values: dict[str, object],
    now: float,
    former: WorkloadRow | None,
) -> WorkloadLease:
    if former is not None:
        lease = WorkloadLease(former.id, key, former.fence + 1, resumed=True)
        connection.execute(
            update(table).where(table.c.id == lease.id).values(fence=lease.fence, **values)
        )
        return lease
    opened = WorkloadLease(secrets.token_hex(6), key, 1, resumed=False)
    connection.execute(
        insert(table).values(
            id=opened.id, key=key, fence=opened.fence, state=OPEN, opened_at=now, **values
        )
    )
    return opened
