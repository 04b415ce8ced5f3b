"""Metric samples of services, steps, providers and the machine."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict, dataclass

from sqlalchemy import delete, insert, select

from tasks.ledger.connection import Ledger
from tasks.ledger.tables.learning import samples as table


@dataclass(frozen=True, slots=True)
class Sample:
    """One measurement at epoch second ``at``; the metric's name carries its unit."""

    subject: str
    metric: str
    value: float
    at: float


def record_samples(ledger: Ledger, measured: Collection[Sample]) -> None:
    """Add measurements."""
    if measured:
        with ledger.write() as connection:
            connection.execute(insert(table), [asdict(sample) for sample in measured])


def samples(ledger: Ledger, subject: str | None = None, since: float | None = None) -> list[Sample]:
    """Return the measurements of ``subject``, or all, from ``since`` on, oldest first."""
    columns = [table.c[name] for name in Sample.__slots__]
    query = select(*columns).order_by(table.c.at, table.c.id)
    if subject is not None:
        query = query.where(table.c.subject == subject)
    if since is not None:
        query = query.where(table.c.at >= since)
    with ledger.read() as connection:
        return [Sample(**row) for row in connection.execute(query).mappings()]


def forget_samples(ledger: Ledger, before: float) -> int:
    """Delete the measurements from before that time; return how many they were."""
    with ledger.write() as connection:
        return connection.execute(delete(table).where(table.c.at < before)).rowcount
