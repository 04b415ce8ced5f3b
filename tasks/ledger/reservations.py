"""Reservations of capacity for a time window, and the conflicts found between claims.

A reservation only announces; admission alone decides what is allocated at a moment.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import delete, insert, select

from blocks.providers.interface import Resources
from tasks.ledger.connection import Ledger
from tasks.ledger.tables.capacity import conflicts as conflict_table
from tasks.ledger.tables.capacity import reservations as table


@dataclass(frozen=True, slots=True)
class Reservation:
    """Capacity of ``provider`` promised to ``workload`` from ``start`` to ``end`` (epoch)."""

    workload: str
    provider: str
    demand: Resources
    start: float
    end: float


@dataclass(frozen=True, slots=True)
class Conflict:
    """Claims that do not fit: how much of which resource is missing, and how it is resolved.

    ``resolution`` names the strategy, e.g. ``queue``; ``at`` is when it was found.
    """

    workload: str
    provider: str
    resource: str
    missing: float
    resolution: str
    at: float
    reason: str


def reserve(ledger: Ledger, requested: Collection[Reservation]) -> None:
    """Record reservations in addition to the existing ones."""
    if not requested:
        return
    rows = [
        {name: getattr(reservation, name) for name in Reservation.__slots__}
        for reservation in requested
    ]
    with ledger.write() as connection:
        connection.execute(insert(table), rows)


def reservations(
    ledger: Ledger, provider: str | None = None, from_: float | None = None
) -> list[Reservation]:
    """Return the reservations that end after ``from_``, earliest start first."""
    columns = [table.c[name] for name in Reservation.__slots__]
    query = select(*columns).order_by(table.c.start, table.c.id)
    if provider is not None:
        query = query.where(table.c.provider == provider)
    if from_ is not None:
        query = query.where(table.c.end > from_)
    with ledger.read() as connection:
        return [Reservation(**row) for row in connection.execute(query).mappings()]


def cancel_reservations(ledger: Ledger, workload: str) -> None:
    """Give up all reservations of ``workload``."""
    with ledger.write() as connection:
        connection.execute(delete(table).where(table.c.workload == workload))


def record_conflict(ledger: Ledger, conflict: Conflict) -> None:
    """Record a conflict and how it is resolved."""
    row = {name: getattr(conflict, name) for name in Conflict.__slots__}
    with ledger.write() as connection:
        connection.execute(insert(conflict_table).values(**row))


def conflicts(ledger: Ledger, workload: str | None = None) -> list[Conflict]:
    """Return the conflicts of ``workload``, or all, oldest first."""
    columns = [conflict_table.c[name] for name in Conflict.__slots__]
    query = select(*columns).order_by(conflict_table.c.id)
    if workload is not None:
        query = query.where(conflict_table.c.workload == workload)
    with ledger.read() as connection:
        return [Conflict(**row) for row in connection.execute(query).mappings()]
