"""Everything recorded since a given time, for every project; reports read it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from sqlalchemy import Connection, Select, or_, select

from blocks.providers.interface import Resources
from blocks.repositories.interface import Snapshot
from tasks.ledger.connection import Ledger
from tasks.ledger.executions import Execution
from tasks.ledger.insights import RaisedInsight
from tasks.ledger.plans import StoredPlan
from tasks.ledger.rollouts import RolloutRow
from tasks.ledger.tables import capacity, deployment, learning, work
from tasks.ledger.workloads import WorkloadRow

# Readers of an activity also need the type of its parts.
__all__ = ["Activity", "KnownProvider", "Snapshot", "activity"]

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class KnownProvider:
    """A provider as it is registered; ``price_per_hour`` is what an hour of one step costs."""

    name: str
    kind: str
    capacity: Resources
    speed: float
    price_per_hour: float


@dataclass(frozen=True, slots=True)
class Activity:
    """What was recorded, oldest first; ``plans`` holds the newest plan of a workload, by its id."""

    workloads: tuple[WorkloadRow, ...] = ()
    executions: tuple[Execution, ...] = ()
    plans: Mapping[str, StoredPlan] = field(default_factory=dict)
    rollouts: tuple[RolloutRow, ...] = ()
    snapshots: tuple[Snapshot, ...] = ()
    insights: tuple[RaisedInsight, ...] = ()
    providers: tuple[KnownProvider, ...] = ()


def activity(ledger: Ledger, since: float) -> Activity:
    """Return what was active at ``since`` (epoch seconds) or later, as one snapshot of the ledger.

    Insights are those that are open, or were closed since then.
    """
    w, i = work.workloads, learning.insights
    at_work = or_(w.c.closed_at >= since, w.c.closed_at.is_(None))
    ids = select(w.c.id).where(at_work)
    e, p, r, s = work.executions, work.plans, deployment.rollouts, deployment.snapshots
    is_open_since = or_(i.c.closed_at >= since, i.c.closed_at.is_(None))
    raised = select(*(i.c[name] for name in RaisedInsight.__slots__)).where(is_open_since)
    names = select(*(capacity.providers.c[name] for name in KnownProvider.__slots__))
    with ledger.read() as connection:
        planned = _read(
            connection, select(p).where(p.c.workload.in_(ids)).order_by(p.c.id), StoredPlan
        )
        return Activity(
            workloads=_read(
                connection, select(w).where(at_work).order_by(w.c.opened_at), WorkloadRow
            ),
            executions=_read(
                connection,
                select(e).where(e.c.workload.in_(ids)).order_by(e.c.started_at, e.c.attempt),
                Execution,
            ),
            plans={plan.workload: plan for plan in planned},
            rollouts=_read(
                connection,
                select(r).where(r.c.updated_at >= since).order_by(r.c.started_at),
                RolloutRow,
            ),
            snapshots=_read(
                connection,
                select(s).where(s.c.consistent_at >= since).order_by(s.c.consistent_at),
                Snapshot,
            ),
            insights=_read(connection, raised.order_by(i.c.since, i.c.id), RaisedInsight),
            providers=_read(connection, names.order_by(capacity.providers.c.name), KnownProvider),
        )


def _read(connection: Connection, query: Select[Any], build: Callable[..., T]) -> tuple[T, ...]:
    return tuple(build(**row) for row in connection.execute(query).mappings())
