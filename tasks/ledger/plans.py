"""Plans that were dispatched or shown, recorded for comparison and to run them again."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import insert, select

from tasks.errors import BadInputError
from tasks.ledger.connection import Ledger
from tasks.ledger.tables.work import plans as table
from tasks.ledger.tables.work import workloads
from tasks.plan import Plan


@dataclass(frozen=True, slots=True)
class StoredPlan:
    """A plan as it was recorded, for the workload (or its key, of a dry run) ``workload``."""

    id: int
    workload: str
    plan: Plan
    recorded_at: float


def record_plan(ledger: Ledger, workload_id: str, plan: Plan, now: float) -> int:
    """Record the plan of a workload and return its id; an earlier one of it is kept.

    A plan that is only shown is recorded under the key of its workload.
    """
    with ledger.write() as connection:
        recorded = connection.execute(
            insert(table)
            .values(workload=workload_id, plan=plan, recorded_at=now)
            .returning(table.c.id)
        )
        return int(recorded.scalar_one())


def read_plan(ledger: Ledger, workload_id: str) -> Plan | None:
    """Return the newest plan of a workload; None if none was recorded."""
    query = (
        select(table.c.plan)
        .where(table.c.workload == workload_id)
        .order_by(table.c.id.desc())
        .limit(1)
    )
    with ledger.read() as connection:
        plan: Plan | None = connection.execute(query).scalar_one_or_none()
    return plan


def plan_by_id(ledger: Ledger, name: str) -> StoredPlan:
    """Return the plan of that id, as a user writes it.

    Raises:
        BadInputError: There is none; it names the newest.
    """
    number = int(name) if name.isdecimal() else 0
    # A larger number does not fit into the database.
    query = select(table).where(table.c.id == (number if number < 2**63 else 0))
    newest = select(table.c.id).order_by(table.c.id.desc()).limit(1)
    with ledger.read() as connection:
        row = connection.execute(query).mappings().one_or_none()
        if row is not None:
            return StoredPlan(**row)
        last = connection.execute(newest).scalar_one_or_none()
    newest_id = f"the newest is {last}" if last else "none was recorded yet"
    raise BadInputError(
        "plan", name, f"no plan has this id; {newest_id}", "A dry run reports the id of its plan"
    )


def plans_of(ledger: Ledger, key: str, limit: int = 20) -> list[StoredPlan]:
    """Return the newest plans of the workload of that key, of runs and of dry runs."""
    runs = select(workloads.c.id).where(workloads.c.key == key)
    query = (
        select(table)
        .where((table.c.workload == key) | table.c.workload.in_(runs))
        .order_by(table.c.id.desc())
        .limit(limit)
    )
    with ledger.read() as connection:
        return [StoredPlan(**row) for row in connection.execute(query).mappings()]
