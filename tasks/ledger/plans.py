"""Plans as they were dispatched, so that what happened can be held against them."""

from __future__ import annotations

from sqlalchemy import insert, select

from tasks.ledger.connection import Ledger
from tasks.ledger.tables import plans as table
from tasks.plan import Plan


def record_plan(ledger: Ledger, workload_id: str, plan: Plan, now: float) -> None:
    """Record the plan of a workload; an earlier one of it is kept, but no longer read."""
    with ledger.write() as connection:
        connection.execute(insert(table).values(workload=workload_id, plan=plan, recorded_at=now))


def read_plan(ledger: Ledger, workload_id: str) -> Plan | None:
    """Return the newest plan of a workload; None where none was recorded."""
    query = (
        select(table.c.plan)
        .where(table.c.workload == workload_id)
        .order_by(table.c.id.desc())
        .limit(1)
    )
    with ledger.read() as connection:
        found: Plan | None = connection.execute(query).scalar_one_or_none()
    return found
