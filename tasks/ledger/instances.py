"""Instances: what is meant to run where; whether it does is asked of the process itself."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict

from sqlalchemy import select, update

from tasks.ledger.connection import Ledger
from tasks.ledger.tables import instances as table
from tasks.ledger.upsert import upsert
from tasks.release import Instance, InstanceState


def record_instance(ledger: Ledger, instance: Instance) -> None:
    """Record ``instance``; one of the same id takes the new values."""
    with ledger.write() as connection:
        upsert(connection, table, [asdict(instance)])


def instances(
    ledger: Ledger,
    project: str | None = None,
    environment: str | None = None,
    states: Collection[InstanceState] | None = None,
) -> list[Instance]:
    """Return the instances that match all that is given, oldest first."""
    query = select(table).order_by(table.c.started_at, table.c.id)
    if project is not None:
        query = query.where(table.c.project == project)
    if environment is not None:
        query = query.where(table.c.environment == environment)
    if states is not None:
        query = query.where(table.c.state.in_(states))
    with ledger.read() as connection:
        return [Instance(**row) for row in connection.execute(query).mappings()]


def set_instance_state(ledger: Ledger, ids: Collection[str], state: InstanceState) -> None:
    """Set what the instances of ``ids`` are meant to be."""
    if not ids:
        return
    with ledger.write() as connection:
        connection.execute(update(table).where(table.c.id.in_(ids)).values(state=state))
