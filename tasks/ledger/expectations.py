"""The estimates of a key and of all keys below it, as planning reads them."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from sqlalchemy import Column, ColumnElement, func, or_, select, union

from tasks.estimates import Estimate
from tasks.ledger.connection import Ledger
from tasks.ledger.estimates import read_estimates
from tasks.ledger.tables.work import estimates as table
from tasks.ledger.tables.work import timings


@dataclass(frozen=True, slots=True)
class Expectation:
    """An estimate and the kind of provider it holds for.

    ``published_at`` is in epoch seconds; None if it was not published but comes from the ledger's
    own timings (source ``history``).
    """

    provider_kind: str
    estimate: Estimate
    published_at: float | None = None


def expectations(ledger: Ledger, key: str) -> list[Expectation]:
    """Return the estimates of ``key`` and of every key below it (``<key>/...``), sorted by key."""
    of_table, of_timings = ((item.c.key, item.c.provider_kind) for item in (table, timings))
    published_at = select(*of_table, table.c.published_at).where(_is_or_below(table.c.key, key))
    timed = select(*of_timings).where(_is_or_below(timings.c.key, key)).distinct()
    with ledger.read() as connection:
        published = {(row[0], row[1]): row[2] for row in connection.execute(published_at)}
        recorded = {*published, *((row[0], row[1]) for row in connection.execute(timed))}
    keys: dict[str, list[str]] = defaultdict(list)
    for name, kind in recorded:
        keys[kind].append(name)
    expected = [
        Expectation(kind, estimate, published[name, kind] if _is_trained(estimate) else None)
        for kind, names in keys.items()
        for name, estimate in read_estimates(ledger, names, kind).items()
    ]
    return sorted(expected, key=lambda item: (item.estimate.key, item.provider_kind))


def known_keys(ledger: Ledger) -> list[str]:
    """Return every key with an estimate or a timing, sorted."""
    query = union(select(table.c.key), select(timings.c.key))
    with ledger.read() as connection:
        return sorted(connection.execute(query).scalars())


def _is_or_below(column: Column[str], key: str) -> ColumnElement[bool]:
    # In LIKE `_` matches any character, and SQLite ignores case.
    return or_(column == key, func.substr(column, 1, len(key) + 1) == f"{key}/")


def _is_trained(estimate: Estimate) -> bool:
    return estimate.source == "trained"
