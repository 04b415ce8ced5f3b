"""Snapshots: which backups exist, of what, and as of when."""

from __future__ import annotations

from sqlalchemy import select

from blocks.repositories.interface import Snapshot
from tasks.errors import BadInputError
from tasks.ledger.connection import Ledger
from tasks.ledger.tables.deployment import snapshots as table
from tasks.ledger.upsert import upsert

LATEST = "latest"


def record_snapshot(ledger: Ledger, snapshot: Snapshot) -> None:
    """Record a completed snapshot; the same id of the same repository replaces it."""
    row = {column.name: getattr(snapshot, column.name) for column in table.columns}
    with ledger.write() as connection:
        upsert(connection, table, [row])


def snapshots(ledger: Ledger, project: str, environment: str | None = None) -> list[Snapshot]:
    """Return the snapshots of ``project``, newest first."""
    query = select(table).where(table.c.project == project)
    if environment is not None:
        query = query.where(table.c.environment == environment)
    query = query.order_by(table.c.consistent_at.desc(), table.c.id)
    with ledger.read() as connection:
        return [Snapshot(**row) for row in connection.execute(query).mappings()]


def find_snapshot(ledger: Ledger, project: str, name: str) -> Snapshot | None:
    """Return the snapshot of that id, of the id that starts so, or the newest (``latest``).

    Raises:
        BadInputError: When several ids start so.
    """
    known = snapshots(ledger, project)
    if name == LATEST:
        return known[0] if known else None
    matching = [item for item in known if name and item.id.startswith(name)]
    exact = [item for item in matching if item.id == name]
    if len(matching) > 1 and not exact:
        ids = ", ".join(item.id for item in matching[:5])
        raise BadInputError(
            "snapshot", name, f"{len(matching)} snapshots start so: {ids}", "Write more of the id."
        )
    return next(iter(exact or matching), None)
