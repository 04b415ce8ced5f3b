"""Decisions: who or what chose, why, what was expected of it and what came of it."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from sqlalchemy import func, insert, select, update

from tasks.ledger.connection import Ledger
from tasks.ledger.tables import decisions as table


@dataclass(frozen=True, slots=True)
class Decision:
    """One choice; ``subject`` is what it was made for, ``kind`` e.g. ``split`` or ``placement``."""

    subject: str
    kind: str
    chosen: str
    why: str
    at: float
    estimate_seconds: float | None = None
    actual_seconds: float | None = None


def record_decision(ledger: Ledger, decision: Decision) -> None:
    """Record a choice."""
    with ledger.write() as connection:
        connection.execute(insert(table).values(**asdict(decision)))


def settle_decision(ledger: Ledger, subject: str, kind: str, actual_seconds: float) -> bool:
    """Record what came of the newest choice of that subject and kind; False without one."""
    newest = (
        select(func.max(table.c.id))
        .where(table.c.subject == subject, table.c.kind == kind)
        .scalar_subquery()
    )
    with ledger.write() as connection:
        settled = connection.execute(
            update(table).where(table.c.id == newest).values(actual_seconds=actual_seconds)
        )
    return settled.rowcount == 1


def decisions(ledger: Ledger, subject: str | None = None, limit: int = 100) -> list[Decision]:
    """Return the newest choices for ``subject``, or all, newest first."""
    columns = [table.c[name] for name in Decision.__slots__]
    query = select(*columns).order_by(table.c.id.desc()).limit(limit)
    if subject is not None:
        query = query.where(table.c.subject == subject)
    with ledger.read() as connection:
        return [Decision(**row) for row in connection.execute(query).mappings()]
