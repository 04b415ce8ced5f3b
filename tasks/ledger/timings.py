"""Timings: how long things took, by the key their history is remembered under."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator
from dataclasses import asdict, dataclass
from itertools import islice

from sqlalchemy import Connection, Select, func, insert, select

from blocks.providers.interface import End, Outcome
from tasks.ledger.connection import Ledger
from tasks.ledger.tables.work import timings as table

# SQLite takes a limited number of parameters a statement.
CHUNK = 500

# What was stopped or lost says nothing of how long it takes.
TELLING = frozenset({End.SUCCEEDED, End.FAILED, End.TIMED_OUT, End.OUT_OF_MEMORY})


@dataclass(frozen=True, slots=True)
class Timing:
    """One run of something with a history; ``at`` is when it ended, in epoch seconds.

    ``seconds`` are those of a provider of speed 1, as everything that plans reckons in.
    """

    key: str
    provider_kind: str
    seconds: float
    succeeded: bool
    at: float
    memory_mib: float = 0.0


def timing_of(key: str, provider_kind: str, outcome: Outcome, speed: float = 1.0) -> list[Timing]:
    """Return what ``outcome`` at that speed teaches of ``key``: one timing at speed 1, or none."""
    if outcome.end not in TELLING:
        return []
    return [
        Timing(
            key,
            provider_kind,
            outcome.seconds * speed,
            outcome.succeeded,
            outcome.ended_at,
            outcome.peak_memory_mib,
        )
    ]


def record_timings(ledger: Ledger, found: Collection[Timing]) -> None:
    """Add timings, e.g. those of the single tests of a shard."""
    if found:
        with ledger.write() as connection:
            write_timings(connection, found)


def write_timings(connection: Connection, found: Collection[Timing]) -> None:
    """Add timings in the transaction of ``connection``."""
    if found:
        connection.execute(insert(table), [asdict(timing) for timing in found])


def timings(
    ledger: Ledger,
    keys: Collection[str] | None = None,
    limit_per_key: int = 20,
    since: float | None = None,
) -> dict[str, list[Timing]]:
    """Return the newest timings by key, newest first; None stands for all keys."""
    found: dict[str, list[Timing]] = defaultdict(list)
    with ledger.read() as connection:
        for chunk in [None] if keys is None else chunks(keys):
            query = _newest(chunk, limit_per_key, since)
            for row in connection.execute(query).mappings():
                found[row["key"]].append(Timing(**row))
    return dict(found)


def chunks(keys: Collection[str]) -> Iterator[list[str]]:
    """Cut ``keys`` into parts that fit into one statement."""
    left = iter(dict.fromkeys(keys))
    while part := list(islice(left, CHUNK)):
        yield part


def _newest(
    keys: list[str] | None, limit_per_key: int, since: float | None
) -> Select[tuple[str, str, float, bool, float, float]]:
    rank = func.row_number().over(
        partition_by=table.c.key, order_by=(table.c.at.desc(), table.c.id.desc())
    )
    ranked = select(table, rank.label("rank"))
    if keys is not None:
        ranked = ranked.where(table.c.key.in_(keys))
    if since is not None:
        ranked = ranked.where(table.c.at >= since)
    newest = ranked.subquery()
    columns = [newest.c[name] for name in Timing.__slots__]
    return (
        select(*columns).where(newest.c.rank <= limit_per_key).order_by(newest.c.key, newest.c.rank)
    )
