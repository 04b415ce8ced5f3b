"""The cache by inputs: outcomes of steps that later runs of the same inputs take over."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from sqlalchemy import Select, delete, func, select

from blocks.providers.interface import Outcome
from tasks.ledger.connection import Ledger
from tasks.ledger.tables.work import step_cache as table
from tasks.ledger.upsert import upsert

# SQLite takes no more values in one statement than some ten thousands.
_PORTION = 5000


@dataclass(frozen=True, slots=True)
class CachedOutcome:
    """The outcome of a step that succeeded, in the run ``workload``.

    ``key`` is a digest of all that decides it, ``context`` one of all but the item of a list.
    ``inputs`` are the digests of the files that it read, by name; empty where there were many.
    """

    key: str
    context: str
    project: str
    history_key: str
    workload: str
    outcome: Outcome
    at: float
    inputs: Mapping[str, str] = field(default_factory=dict)


def record_cached(ledger: Ledger, outcomes: Sequence[CachedOutcome]) -> None:
    """Record outcomes, each in place of an earlier one of the same key."""
    rows = [{**asdict(each), "outcome": each.outcome} for each in outcomes]
    with ledger.write() as connection:
        upsert(connection, table, rows)


def cached_outcomes(ledger: Ledger, contexts: Collection[str]) -> dict[str, CachedOutcome]:
    """Return all outcomes of these contexts, by key."""
    names = sorted(set(contexts))
    queries = (select(table).where(table.c.context.in_(part)) for part in _portions(names))
    return {row.key: row for row in _rows(ledger, queries)}


def newest_cached(ledger: Ledger, history_keys: Collection[str]) -> dict[str, CachedOutcome]:
    """Return the newest outcome of each of these steps, by history key."""
    number = func.row_number().over(partition_by=table.c.history_key, order_by=table.c.at.desc())
    names = sorted(set(history_keys))
    queries = []
    for part in _portions(names):
        rows = select(table, number.label("number")).where(table.c.history_key.in_(part)).subquery()
        columns = [rows.c[column.name] for column in table.c]
        queries.append(select(*columns).where(rows.c.number == 1))
    return {row.history_key: row for row in _rows(ledger, queries)}


def forget_cached(ledger: Ledger, project: str) -> None:
    """Forget the outcomes of ``project``."""
    with ledger.write() as connection:
        connection.execute(delete(table).where(table.c.project == project))


def _portions(names: Sequence[str]) -> Iterable[Sequence[str]]:
    return (names[start : start + _PORTION] for start in range(0, len(names), _PORTION))


def _rows(ledger: Ledger, queries: Iterable[Select[Any]]) -> Iterable[CachedOutcome]:
    with ledger.read() as connection:
        return [
            CachedOutcome(**row)
            for query in queries
            for row in connection.execute(query).mappings()
        ]
