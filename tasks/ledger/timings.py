"""Timings, which are the durations of past runs by history key."""

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
KEYS_PER_STATEMENT = 500

# Runs that were stopped or lost do not tell how long a step takes.
TELLING_ENDS = frozenset({End.SUCCEEDED, End.FAILED, End.TIMED_OUT, End.OUT_OF_MEMORY})


@dataclass(frozen=True, slots=True)
class Timing:
    """One run of something with a history; ``at`` is when it ended, in epoch seconds.

    ``seconds`` are those of a provider of speed 1, like all durations in planning.
    """

    key: str
    provider_kind: str
    seconds: float
    succeeded: bool
    at: float
    memory_mib: float = 0.0


def timing_of(key: str, provider_kind: str, outcome: Outcome, speed: float = 1.0) -> list[Timing]:
    """Return the timing of ``outcome``, converted to speed 1; empty if it tells no duration."""
    if outcome.end not in TELLING_ENDS:
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


def record_timings(ledger: Ledger, measured: Collection[Timing]) -> None:
    """Add timings, e.g. those of the single tests of a shard."""
    if measured:
        with ledger.write() as connection:
            write_timings(connection, measured)


def write_timings(connection: Connection, measured: Collection[Timing]) -> None:
    """Add timings in the transaction of ``connection``."""
    if measured:
        connection.execute(insert(table), [asdict(timing) for timing in measured])


def timings(
    ledger: Ledger,
    keys: Collection[str] | None = None,
    limit_per_key: int = 20,
    since: float | None = None,
) -> dict[str, list[Timing]]:
    """Return the newest timings by key, newest first; None stands for all keys."""
    by_key: dict[str, list[Timing]] = defaultdict(list)
    with ledger.read() as connection:
        for chunk in [None] if keys is None else chunks(keys):
            query = _newest(chunk, limit_per_key, since)
            for row in connection.execute(query).mappings():
                by_key[row["key"]].append(Timing(**row))
    return dict(by_key)


def chunks(keys: Collection[str]) -> Iterator[list[str]]:
    """Cut ``keys`` into parts that fit into one statement."""
    remaining = iter(dict.fromkeys(keys))
    while part := list(islice(remaining, KEYS_PER_STATEMENT)):
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
