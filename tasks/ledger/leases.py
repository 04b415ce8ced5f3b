"""Leases of allocations and waiting claims: renewed by living runs, reaped if the owner is dead.

A lease alone says little: on a machine that was suspended, or whose clock was set, all of them
have run out at once. So the owner's processes are checked before anything is taken from it. Nobody
waits for the lease of an owner whose process is known to be gone.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Table, case, delete, select, update

from blocks.providers.process.identity import known_dead
from tasks.ledger.connection import Ledger
from tasks.ledger.holdings import move_epochs
from tasks.ledger.tables.capacity import allocations, waiting
from tasks.ledger.tables.work import executions, workloads
from tasks.presence import is_capacity_in_use

LEASE_SECONDS = 15.0


@dataclass(frozen=True, slots=True)
class _DueLease:
    """A lease that ran out, or whose run is dead, and the processes that may still use it.

    ``run`` is the process that opened the workload, empty if the lease was given to another one;
    ``directories`` are those of attempts at the step that have no outcome.
    """

    table: Table
    provider: str
    owner: str
    lease_until: float
    lapsed: bool
    run: str
    directories: tuple[Path, ...]


def renew_allocations(
    ledger: Ledger, workload_id: str, fence: int, now: float, lease_seconds: float
) -> frozenset[int]:
    """Renew the workload's leases under ``fence``; return the ids of its allocations."""
    with ledger.write() as connection:
        for table in (waiting, allocations):
            renewed = connection.execute(
                update(table)
                .where(table.c.workload == workload_id, table.c.fence == fence)
                .values(lease_until=now + lease_seconds)
                .returning(*table.primary_key.columns)
            ).all()
    return frozenset(row.id for row in renewed)


def has_lapsed(lease_until: float, now: float, lease_seconds: float) -> bool:
    """Tell whether a lease is over, or too long to be valid as the clock was set back since."""
    return lease_until <= now or lease_until > now + 2 * lease_seconds


def reap(
    ledger: Ledger,
    now: float,
    lease_seconds: float = LEASE_SECONDS,
    alive: Callable[[str, Collection[Path]], bool] = is_capacity_in_use,
    dead: Callable[[str], bool] = known_dead,
) -> list[str]:
    """Drop allocations and waiting claims that no living process uses: of dead runs, and lapsed ones.

    The lease of the others is renewed once it ran out: a run that lives, and an attempt that goes on
    though its run died, keep what they use.

    Args:
        ledger: The ledger.
        now: Epoch seconds.
        lease_seconds: How long a lease is.
        alive: Given the owner of a workload and the directories of the attempts at one step
            that have no outcome, whether the owner or any of these is known to be alive.
        dead: Given the owner of a workload, whether it is certainly dead, whatever its lease says.

    Returns:
        The owners of what was dropped, sorted.
    """
    is_dead = cache(dead)
    with ledger.read() as connection:
        due = [
            row
            for table in (allocations, waiting)
            for row in _due(connection, table, now, lease_seconds, is_dead)
        ]
    if not due:
        return []
    # Processes are checked outside the lock, so a lease must still be the one that was read.
    living = [row for row in due if alive(row.run, row.directories)]
    gone = [row for row in due if row not in living]
    lapsed = [row for row in living if row.lapsed]
    if not (gone or lapsed):
        return []
    with ledger.write() as connection:
        for row in lapsed:
            prolonged = update(row.table).where(*_is(row))
            connection.execute(prolonged.values(lease_until=now + lease_seconds))
        dropped = [
            row for row in gone if connection.execute(delete(row.table).where(*_is(row))).rowcount
        ]
        move_epochs(connection, {row.provider for row in dropped})
    return sorted({row.owner for row in dropped})


def _due(
    connection: Connection,
    table: Table,
    now: float,
    lease_seconds: float,
    dead: Callable[[str], bool],
) -> Iterator[_DueLease]:
    # A lease of an earlier run does not belong to the run that has taken its workload over.
    run = case((table.c.fence == workloads.c.fence, workloads.c.owner), else_="")
    query = select(
        table.c.provider, table.c.owner, table.c.workload, table.c.lease_until, run
    ).select_from(table.outerjoin(workloads, workloads.c.id == table.c.workload))
    for provider, owner, workload, lease_until, holder in connection.execute(query).all():
        lapsed = has_lapsed(lease_until, now, lease_seconds)
        if lapsed or (holder and dead(holder)):
            step = owner.removeprefix(f"{workload}/")
            attempts = _attempts(connection, workload, step)
            yield _DueLease(table, provider, owner, lease_until, lapsed, holder or "", attempts)


def _attempts(connection: Connection, workload: str, step: str) -> tuple[Path, ...]:
    """Return the directories of the attempts at a step that have no outcome."""
    query = select(executions.c.directory).where(
        executions.c.workload == workload,
        executions.c.step == step,
        executions.c.outcome.is_(None),
    )
    return tuple(connection.execute(query).scalars())


def _is(row: _DueLease) -> tuple[Any, ...]:
    columns = row.table.c
    return (
        columns.provider == row.provider,
        columns.owner == row.owner,
        columns.lease_until == row.lease_until,
    )
