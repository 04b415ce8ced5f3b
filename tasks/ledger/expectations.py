"""Expectations: what stands in the ledger of one key and of all below it, as planning reads it."""

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

    ``published_at`` is in epoch seconds; None where nobody published it: the ledger's own timings
    speak (source ``history``).
    """

    provider_kind: str
    estimate: Estimate
    published_at: float | None = None


def expectations(ledger: Ledger, key: str) -> list[Expectation]:
    """Return what is expected of ``key`` and of every key below it (``<key>/...``), by key."""
    of_table, of_timings = ((one.c.key, one.c.provider_kind) for one in (table, timings))
    published_at = select(*of_table, table.c.published_at).where(_is_or_below(table.c.key, key))
    timed = select(*of_timings).where(_is_or_below(timings.c.key, key)).distinct()
    with ledger.read() as connection:
        published = {(row[0], row[1]): row[2] for row in connection.execute(published_at)}
        known = {*published, *((row[0], row[1]) for row in connection.execute(timed))}
    keys: dict[str, list[str]] = defaultdict(list)
    for name, kind in known:
        keys[kind].append(name)
    found = [
        Expectation(kind, estimate, published[name, kind] if _is_trained(estimate) else None)
        for kind, names in keys.items()
        for name, estimate in read_estimates(ledger, names, kind).items()
    ]
    return sorted(found, key=lambda one: (one.estimate.key, one.provider_kind))


def known_keys(ledger: Ledger) -> list[str]:
    """Return every key with an estimate or a timing, sorted."""
    query = union(select(table.c.key), select(timings.c.key))
    with ledger.read() as connection:
        return sorted(connection.execute(query).scalars())


def _is_or_below(column: Column[str], key: str) -> ColumnElement[bool]:
    # LIKE would take `_` for any character, and on SQLite a capital for a small letter.
    return or_(column == key, func.substr(column, 1, len(key) + 1) == f"{key}/")


def _is_trained(estimate: Estimate) -> bool:
    return estimate.source == "trained"
