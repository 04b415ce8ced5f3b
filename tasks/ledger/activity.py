"""Activity: everything that was recorded since a moment, of every project; what reports read."""

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

# Whoever reads activity reads what it consists of.
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
    """Return what was at work at ``since`` (epoch seconds) or later, in one state of the ledger.

    Insights are those that are open, or were closed since then.
    """
    w, i = work.workloads, learning.insights
    at_work = or_(w.c.closed_at >= since, w.c.closed_at.is_(None))
    ids = select(w.c.id).where(at_work)
    e, p, r, s = work.executions, work.plans, deployment.rollouts, deployment.snapshots
    known = or_(i.c.closed_at >= since, i.c.closed_at.is_(None))
    raised = select(*(i.c[name] for name in RaisedInsight.__slots__)).where(known)
    names = select(*(capacity.providers.c[name] for name in KnownProvider.__slots__))
    with ledger.read() as book:
        planned = _read(book, select(p).where(p.c.workload.in_(ids)).order_by(p.c.id), StoredPlan)
        return Activity(
            workloads=_read(book, select(w).where(at_work).order_by(w.c.opened_at), WorkloadRow),
            executions=_read(
                book,
                select(e).where(e.c.workload.in_(ids)).order_by(e.c.started_at, e.c.attempt),
                Execution,
            ),
            plans={plan.workload: plan for plan in planned},
            rollouts=_read(
                book, select(r).where(r.c.updated_at >= since).order_by(r.c.started_at), RolloutRow
            ),
            snapshots=_read(
                book,
                select(s).where(s.c.consistent_at >= since).order_by(s.c.consistent_at),
                Snapshot,
            ),
            insights=_read(book, raised.order_by(i.c.since, i.c.id), RaisedInsight),
            providers=_read(book, names.order_by(capacity.providers.c.name), KnownProvider),
        )


def _read(book: Connection, query: Select[Any], made: Callable[..., T]) -> tuple[T, ...]:
    return tuple(made(**row) for row in book.execute(query).mappings())
