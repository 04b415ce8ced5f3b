"""Allocations of providers' capacity, and the claims that wait for it.

The decision to grant a claim is made elsewhere, on a ProviderQueue read here; a grant is written
only if the provider is still in that state (compare and swap on its epoch).
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, RowMapping, delete, insert, select, update

from tasks.claim import Claim, Granted
from tasks.errors import NotFoundError, StaleFenceError
from tasks.ledger.connection import Ledger
from tasks.ledger.fences import current_fence
from tasks.ledger.holdings import move_epochs
from tasks.ledger.providers import REGISTER
from tasks.ledger.queue import Held, ProviderQueue, Waiting
from tasks.ledger.tables.capacity import allocations, providers, waiting
from tasks.ledger.upsert import upsert

WAITING_LEASE_SECONDS = 30.0


def queue_state(ledger: Ledger, provider: str) -> ProviderQueue:
    """Return who holds and who waits for ``provider``, expired leases included.

    Raises:
        NotFoundError: When it is not registered.
    """
    with ledger.read() as connection:
        row = connection.execute(
            select(providers.c.epoch, providers.c.capacity).where(providers.c.name == provider)
        ).one_or_none()
        if row is None:
            names = list(connection.execute(select(providers.c.name)).scalars())
            raise NotFoundError("provider", provider, names, REGISTER)
        return ProviderQueue(
            provider,
            row.epoch,
            row.capacity,
            held_of(connection, provider),
            waiting_for(connection, provider),
        )


def grant(
    ledger: Ledger, claim: Claim, epoch: int, now: float, lease_seconds: float
) -> Granted | None:
    """Give ``claim`` its capacity; None if the provider's epoch moved on: decide again.

    It replaces what the owner held of that provider before (under a former fence).

    Raises:
        StaleFenceError: When another run holds the owner's workload now.
    """
    with ledger.write() as connection:
        _check_owner(connection, claim)
        swapped = connection.execute(
            update(providers)
            .where(providers.c.name == claim.provider, providers.c.epoch == epoch)
            .values(epoch=epoch + 1)
        )
        if swapped.rowcount == 0:
            return None
        _drop_former(connection, claim)
        allocated = connection.execute(
            insert(allocations)
            .values(**_allocation(claim, now, lease_seconds))
            .returning(allocations.c.id)
        ).scalar_one()
    return Granted(allocated, claim.provider, claim.fence, now + lease_seconds)


def hold_again(
    ledger: Ledger, claim: Claim, allocation_id: int, now: float, lease_seconds: float
) -> bool:
    """Write a grant again that was lost while it was used; False if it is held after all.

    It keeps its id, by which it is released. It is written whether there is room or not, as the
    capacity is in use, and others have to see that.

    Raises:
        StaleFenceError: When another run holds the owner's workload now.
    """
    with ledger.write() as connection:
        _check_owner(connection, claim)
        own = (allocations.c.provider == claim.provider) & (allocations.c.owner == claim.owner)
        if connection.execute(select(allocations.c.id).where(own)).first():
            return False
        row = _allocation(claim, now, lease_seconds)
        connection.execute(insert(allocations).values(id=allocation_id, **row))
        move_epochs(connection, [claim.provider])
    return True


def enqueue(
    ledger: Ledger,
    claim: Claim,
    reason: str,
    now: float,
    lease_seconds: float = WAITING_LEASE_SECONDS,
) -> None:
    """Let ``claim`` wait, and keep its position if it waits already.

    Asking again renews its lease, but is only written when half of it is over, since every write
    wakes all others.

    Raises:
        StaleFenceError: When another run holds the owner's workload now.
    """
    with ledger.read() as connection:
        existing = _find_claim(connection, claim)
    if existing is not None and _is_fresh(existing, claim, now + lease_seconds / 2):
        return
    lives = existing is not None and existing["lease_until"] > now
    row = {
        "provider": claim.provider,
        "owner": claim.owner,
        "workload": _workload(claim.owner),
        "fence": claim.fence,
        "priority": claim.priority,
        "demand": claim.demand,
        "since": existing["since"] if existing is not None and lives else now,
        "expected_seconds": claim.expected_seconds,
        "lease_until": now + lease_seconds,
        "reason": reason,
    }
    with ledger.write() as connection:
        _check_owner(connection, claim)
        upsert(connection, waiting, [row])


def waited_for(ledger: Ledger, workload: str, now: float) -> frozenset[str]:
    """Return the names of the providers that live claims of other workloads wait for."""
    query = select(waiting.c.provider).where(
        waiting.c.workload != workload, waiting.c.lease_until > now
    )
    with ledger.read() as connection:
        return frozenset(connection.execute(query).scalars())


def withdraw(ledger: Ledger, owner: str) -> None:
    """Remove the waiting claims of ``owner`` for all providers."""
    with ledger.write() as connection:
        waited_for = connection.execute(
            delete(waiting).where(waiting.c.owner == owner).returning(waiting.c.provider)
        ).scalars()
        move_epochs(connection, set(waited_for))


def release_allocation(ledger: Ledger, allocation_id: int, fence: int) -> bool:
    """Release an allocation; False if it was not held any more.

    Raises:
        StaleFenceError: When it is held under a later fence.
    """
    with ledger.write() as connection:
        row = connection.execute(
            select(allocations.c.provider, allocations.c.fence).where(
                allocations.c.id == allocation_id
            )
        ).one_or_none()
        if row is None:
            return False
        if row.fence > fence:
            raise StaleFenceError(
                f"allocation {allocation_id} is held under fence {row.fence}, not {fence}"
            )
        connection.execute(delete(allocations).where(allocations.c.id == allocation_id))
        move_epochs(connection, [row.provider])
    return True


def _workload(owner: str) -> str:
    return owner.split("/", 1)[0]


def _allocation(claim: Claim, now: float, lease_seconds: float) -> dict[str, Any]:
    return {
        "provider": claim.provider,
        "owner": claim.owner,
        "workload": _workload(claim.owner),
        "fence": claim.fence,
        "demand": claim.demand,
        "since": now,
        "expected_seconds": claim.expected_seconds,
        "lease_until": now + lease_seconds,
    }


def _find_claim(connection: Connection, claim: Claim) -> RowMapping | None:
    query = select(waiting).where(
        waiting.c.provider == claim.provider, waiting.c.owner == claim.owner
    )
    return connection.execute(query).mappings().one_or_none()


def _is_fresh(existing: RowMapping, claim: Claim, until: float) -> bool:
    requested = (claim.demand, claim.priority, claim.fence)
    same = (existing["demand"], existing["priority"], existing["fence"]) == requested
    return same and bool(existing["lease_until"] > until)


def _check_owner(connection: Connection, claim: Claim) -> None:
    """Refuse a claim whose workload was taken over; an owner without a workload may claim."""
    current = current_fence(connection, _workload(claim.owner))
    if current is not None and claim.fence < current:
        raise StaleFenceError(
            f"{claim.owner} claims {claim.provider} under fence {claim.fence}, "
            f"but its workload was taken over: fence {current}"
        )


def _drop_former(connection: Connection, claim: Claim) -> None:
    """Drop the owner's former allocation of the provider, and its waiting claim."""
    for table in (allocations, waiting):
        own = (table.c.provider == claim.provider) & (table.c.owner == claim.owner)
        connection.execute(delete(table).where(own))


def held_of(connection: Connection, provider: str) -> tuple[Held, ...]:
    """Return what is held of ``provider``, oldest first."""
    query = (
        select(
            allocations.c.id.label("allocation_id"),
            allocations.c.owner,
            allocations.c.demand,
            allocations.c.since,
            allocations.c.expected_seconds,
            allocations.c.lease_until,
        )
        .where(allocations.c.provider == provider)
        .order_by(allocations.c.since, allocations.c.id)
    )
    return tuple(Held(**row) for row in connection.execute(query).mappings())


def waiting_for(connection: Connection, provider: str) -> tuple[Waiting, ...]:
    """Return the claims that wait for ``provider``, oldest first."""
    columns = [waiting.c[name] for name in Waiting.__slots__]
    query = (
        select(*columns)
        .where(waiting.c.provider == provider)
        .order_by(waiting.c.since, waiting.c.owner)
    )
    return tuple(Waiting(**row) for row in connection.execute(query).mappings())
