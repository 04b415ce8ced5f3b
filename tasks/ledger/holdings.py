"""Releases everything that a workload holds: allocations, waiting claims and reservations."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import Connection, delete, select, update

from tasks.ledger.tables.capacity import allocations, providers, reservations, waiting


def drop_holdings(connection: Connection, workload: str) -> None:
    """Release everything of ``workload``, so that waiting claims of others may be granted."""
    allocated = select(allocations.c.provider).where(allocations.c.workload == workload)
    claimed = select(waiting.c.provider).where(waiting.c.workload == workload)
    touched = set(connection.execute(allocated.union(claimed)).scalars())
    for table in (allocations, waiting, reservations):
        connection.execute(delete(table).where(table.c.workload == workload))
    move_epochs(connection, touched)


def move_epochs(connection: Connection, names: Collection[str]) -> None:
    """Advance the epochs of these providers, as admission may now decide differently."""
    if names:
        connection.execute(
            update(providers).where(providers.c.name.in_(names)).values(epoch=providers.c.epoch + 1)
        )
