"""What a workload holds of the providers: allocations, waiting claims, reservations."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import Connection, delete, select, update

from tasks.ledger.tables.capacity import allocations, providers, reservations, waiting


def drop_holdings(connection: Connection, workload: str) -> None:
    """Free everything of ``workload``: who else waits for it may come next."""
    held = select(allocations.c.provider).where(allocations.c.workload == workload)
    claimed = select(waiting.c.provider).where(waiting.c.workload == workload)
    touched = set(connection.execute(held.union(claimed)).scalars())
    for table in (allocations, waiting, reservations):
        connection.execute(delete(table).where(table.c.workload == workload))
    move_epochs(connection, touched)


def move_epochs(connection: Connection, names: Collection[str]) -> None:
    """Say of these providers that admission may answer otherwise from now on."""
    if names:
        connection.execute(
            update(providers).where(providers.c.name.in_(names)).values(epoch=providers.c.epoch + 1)
        )
