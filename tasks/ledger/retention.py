"""Retention of the ledger's history, by age and by number of rows.

Rows of an open workload or rollout stay, and so do the newest rows of each key, which estimates
need. Rows are deleted in small portions, so that no other writer waits for long.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Select,
    Table,
    bindparam,
    delete,
    exists,
    func,
    select,
    true,
)

from tasks.ledger.connection import Ledger
from tasks.ledger.rollouts import ENDED
from tasks.ledger.tables import capacity, deployment, learning, work
from tasks.release import LIVING

KEPT_PER_KEY = 50
"""Newest attempts and timings of each key that stay, however old: the basis of estimates."""
KEPT_ROLLOUTS = 20
"""Newest rollouts of each environment that stay, as a rollback follows them."""


@dataclass(frozen=True, slots=True)
class KeptRows:
    """The number of rows of one kind; ``oldest_at`` in epoch seconds, None without any."""

    rows: int
    oldest_at: float | None


@dataclass(frozen=True, slots=True)
class _Kind:
    """One table; of the rows that are ``over``, the ``newest`` of each of ``keys`` always stay."""

    table: Table
    at: Column[Any]
    over: ColumnElement[bool]
    keys: tuple[Column[Any], ...] = ()
    newest: int = 0


def _closed(workload: Column[Any]) -> ColumnElement[bool]:
    columns = work.workloads.c
    return ~exists().where(
        columns.closed_at.is_(None), (columns.id == workload) | (columns.key == workload)
    )


def _kinds() -> dict[str, _Kind]:
    executions, timings, rollouts = work.executions, work.timings, deployment.rollouts
    workloads, instances = work.workloads, deployment.instances
    unused = ~exists().where(executions.c.workload == workloads.c.id)
    of_timings = (timings.c.key, timings.c.provider_kind)
    of_rollouts = (rollouts.c.project, rollouts.c.environment)
    kinds = {
        "timings": _Kind(timings, timings.c.at, true(), of_timings, KEPT_PER_KEY),
        "attempts": _Kind(
            executions,
            executions.c.started_at,
            _closed(executions.c.workload),
            (executions.c.history_key,),
            KEPT_PER_KEY,
        ),
        "workloads": _Kind(
            workloads, workloads.c.opened_at, workloads.c.closed_at.is_not(None) & unused
        ),
        "rollouts": _Kind(
            rollouts,
            rollouts.c.started_at,
            rollouts.c.phase.in_(ENDED),
            of_rollouts,
            KEPT_ROLLOUTS,
        ),
        "instances": _Kind(instances, instances.c.started_at, instances.c.state.not_in(LIVING)),
        "cached outcomes": _Kind(work.step_cache, work.step_cache.c.at, true()),
    }
    of_workloads = {
        "plans": (work.plans, work.plans.c.recorded_at),
        "conflicts": (capacity.conflicts, capacity.conflicts.c.at),
        "decisions": (learning.decisions, learning.decisions.c.at),
    }
    return kinds | {
        name: _Kind(table, at, _closed(table.c.workload))
        for name, (table, at) in of_workloads.items()
    }


def kept_history(ledger: Ledger) -> dict[str, KeptRows]:
    """Return the number of rows of history, by kind."""
    history = {}
    with ledger.read() as connection:
        for name, kind in _kinds().items():
            query = select(func.count(), func.min(kind.at)).select_from(kind.table)
            rows, oldest = connection.execute(query).one()
            history[name] = KeptRows(rows, oldest)
    return history


def forget_history(ledger: Ledger, before: float, max_rows: int, bite: int) -> dict[str, int]:
    """Delete the oldest rows of each kind, at most ``bite``; return how many of which kind.

    Rows are deleted if they are older than ``before``, or if there are more than ``max_rows``.
    """
    forgotten: dict[str, int] = {}
    for name, kept in kept_history(ledger).items():
        if kept.rows > max_rows or (kept.oldest_at is not None and kept.oldest_at < before):
            count = _forget(ledger, _kinds()[name], before, kept.rows - max_rows, bite)
            forgotten |= {name: count} if count else {}
    return forgotten


def _forget(ledger: Ledger, kind: _Kind, before: float, surplus: int, bite: int) -> int:
    key_names = [column.name for column in kind.table.primary_key]
    with ledger.read() as connection:  # the search takes long, but blocks nobody
        oldest = connection.execute(_oldest(kind).limit(bite)).all()
    doomed = [row for place, row in enumerate(oldest) if row[-1] < before or place < surplus]
    if not doomed:
        return 0
    # Rows that are over stay so: they can be deleted by their keys alone, which takes no search.
    same = [kind.table.c[name] == bindparam(f"own_{name}") for name in key_names]
    keys = [
        {f"own_{name}": value for name, value in zip(key_names, row, strict=False)}
        for row in doomed
    ]
    with ledger.write() as connection:
        connection.execute(delete(kind.table).where(*same), keys)
    return len(doomed)


def _oldest(kind: _Kind) -> Select[Any]:
    """Return the query for the keys and times of the rows that may be deleted, oldest first."""
    own = list(kind.table.primary_key)
    if not kind.keys:
        return select(*own, kind.at).where(kind.over).order_by(kind.at)
    number = func.row_number().over(partition_by=kind.keys, order_by=kind.at.desc())
    ranked = select(*own, kind.at, number.label("number")).where(kind.over).subquery()
    columns = [ranked.c[column.name] for column in (*own, kind.at)]
    return select(*columns).where(ranked.c.number > kind.newest).order_by(columns[-1])


def unended_directories(ledger: Ledger) -> Sequence[Path]:
    """Return the folders of all attempts without an outcome, which may still run."""
    executions = work.executions
    with ledger.read() as connection:
        directories = connection.execute(
            select(executions.c.directory).where(executions.c.outcome.is_(None))
        )
        return list(directories.scalars())


def referenced(ledger: Ledger) -> frozenset[str]:
    """Return the names of the run folders that must stay, as their run lives or is open."""
    workloads, executions, befores = work.workloads, work.executions, deployment.befores
    queries = (
        select(workloads.c.id).where(workloads.c.closed_at.is_(None)),
        select(executions.c.workload).where(executions.c.outcome.is_(None)),
        select(deployment.instances.c.id).where(deployment.instances.c.state.in_(LIVING)),
    )
    with ledger.read() as connection:
        names = {name for query in queries for name in connection.execute(query).scalars()}
        open_befores = select(befores.c.directory).where(befores.c.state == "running")
        names |= {path.name for path in connection.execute(open_befores).scalars()}
    return frozenset(names)


def surplus_instances(ledger: Ledger, newest: int) -> frozenset[str]:
    """Return the ids of all but the ``newest`` ended instances of each replica.

    Nobody needs the logs in their folders any more.
    """
    table = deployment.instances
    same = (table.c.project, table.c.environment, table.c.service, table.c.replica)
    number = func.row_number().over(partition_by=same, order_by=table.c.started_at.desc())
    ended = select(table.c.id, number.label("number")).where(table.c.state.not_in(LIVING))
    ranked = ended.subquery()
    with ledger.read() as connection:
        return frozenset(
            connection.execute(select(ranked.c.id).where(ranked.c.number > newest)).scalars()
        )
