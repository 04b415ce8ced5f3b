"""The queues of all providers at one moment, for those who only look at them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import select

from tasks.ledger.allocations import held_of, waiting_for
from tasks.ledger.connection import Ledger
from tasks.ledger.queue import ProviderQueue
from tasks.ledger.tables.capacity import providers, waiting
from tasks.ledger.tables.work import workloads


@dataclass(frozen=True, slots=True)
class Queues:
    """The queue of each provider that exists.

    ``reasons`` are the reasons why claims wait, by (provider, owner); ``keys`` are the keys of open
    workloads by their ids, with which owners begin.
    """

    queues: tuple[ProviderQueue, ...]
    reasons: Mapping[tuple[str, str], str]
    keys: Mapping[str, str]


def all_queues(ledger: Ledger) -> Queues:
    """Return the queues, by the names of their providers."""
    existing = select(providers.c.name, providers.c.epoch, providers.c.capacity).where(
        providers.c.removed_at.is_(None)
    )
    reasons_of_claims = select(waiting.c.provider, waiting.c.owner, waiting.c.reason)
    opened = select(workloads.c.id, workloads.c.key).where(workloads.c.closed_at.is_(None))
    with ledger.read() as connection:
        queues = tuple(
            ProviderQueue(
                row.name,
                row.epoch,
                row.capacity,
                held_of(connection, row.name),
                waiting_for(connection, row.name),
            )
            for row in connection.execute(existing.order_by(providers.c.name)).all()
        )
        reasons = {
            (row.provider, row.owner): row.reason for row in connection.execute(reasons_of_claims)
        }
        keys = {row.id: row.key for row in connection.execute(opened)}
    return Queues(queues, reasons, keys)
