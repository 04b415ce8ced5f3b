"""Estimates that analytics published, or else from the ledger's own timings."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from statistics import median, quantiles
from typing import Any

from sqlalchemy import Connection, func, select

from tasks.estimates import Estimate
from tasks.ledger.connection import Ledger
from tasks.ledger.tables.work import estimates as table
from tasks.ledger.tables.work import timings
from tasks.ledger.timings import Timing, chunks
from tasks.ledger.upsert import upsert

HISTORY = 20
# This many runs in a row, all slower than the 90th percentile or all quicker than the median by
# this factor, contradict a published estimate.
TELLING_RUNS = 3
QUICKER_FACTOR = 1.5


def publish_estimates(
    ledger: Ledger, learnt: Collection[Estimate], provider_kind: str, now: float
) -> None:
    """Publish the estimates for one kind of provider, in place of earlier ones of the same keys."""
    rows = [
        {
            "key": estimate.key,
            "provider_kind": provider_kind,
            "p50_seconds": estimate.p50_seconds,
            "p80_seconds": estimate.p80_seconds,
            "p90_seconds": estimate.p90_seconds,
            "p95_seconds": estimate.p95_seconds,
            "memory_mib": estimate.memory_mib,
            "success": estimate.success,
            "n": estimate.n,
            "rule": estimate.rule,
            "why": estimate.why,
            "published_at": now,
        }
        for estimate in learnt
    ]
    if rows:
        with ledger.write() as connection:
            upsert(connection, table, rows)


def read_estimates(
    ledger: Ledger, keys: Collection[str], provider_kind: str
) -> dict[str, Estimate]:
    """Return the estimates of ``keys`` on that kind of provider; unknown keys are missing.

    A published estimate (source ``trained``) counts until newer runs contradict it, or are as many
    as it was learnt from; after that the last 20 successes count (source ``history``).
    """
    estimates: dict[str, Estimate] = {}
    with ledger.read() as connection:
        for chunk in chunks(keys):
            history = _history(connection, chunk, provider_kind)
            published = _published(connection, chunk, provider_kind)
            for key in chunk:
                runs = history.get(key, [])
                if key in published and _holds(published[key], runs):
                    estimates[key] = _trained(published[key])
                elif (estimate := from_history(key, runs)) is not None:
                    estimates[key] = estimate
                elif key in published:
                    estimates[key] = _trained(published[key])
    return estimates


def read_estimates_by_kind(
    ledger: Ledger, keys: Collection[str], provider_kinds: Collection[str]
) -> dict[str, Estimate]:
    """Return the estimates of ``keys`` on those kinds of provider; unknown keys are missing.

    An estimate is that of the first kind that has one, and carries those of the other kinds.
    """
    kinds = list(dict.fromkeys(provider_kinds))
    if len(kinds) == 1:
        return read_estimates(ledger, keys, kinds[0])
    by_key: dict[str, list[Estimate]] = {}
    for kind in kinds:
        for key, estimate in read_estimates(ledger, keys, kind).items():
            by_key.setdefault(key, []).append(replace(estimate, kind=kind))
    return {key: replace(first, others=tuple(others)) for key, (first, *others) in by_key.items()}


def from_history(key: str, runs: Collection[Timing]) -> Estimate | None:
    """Estimate from past runs: the median and the 90th percentile of those that succeeded."""
    seconds = [run.seconds for run in runs if run.succeeded]
    if not seconds:
        return None
    return Estimate(
        key,
        p50_seconds=median(seconds),
        p90_seconds=percentile_90(seconds),
        memory_mib=max(run.memory_mib for run in runs),
        success=len(seconds) / len(runs),
        n=len(seconds),
        source="history",
    )


def percentile_90(values: Collection[float]) -> float:
    """Return the 90th percentile, interpolated between neighbours."""
    if len(values) == 1:
        return next(iter(values))
    return quantiles(values, n=10, method="inclusive")[-1]


def _holds(published: Any, runs: Collection[Timing]) -> bool:
    """Tell whether a published estimate still holds after the runs since then."""
    since = sorted(
        (run for run in runs if run.at > published["published_at"]), key=lambda run: run.at
    )
    seconds = [run.seconds for run in since if run.succeeded]
    if len(seconds) >= min(published["n"], HISTORY):
        return not seconds
    if len(since) >= TELLING_RUNS and not any(run.succeeded for run in since[-TELLING_RUNS:]):
        return False
    last = seconds[-TELLING_RUNS:]
    slower = all(each > published["p90_seconds"] for each in last)
    quicker = all(each < published["p50_seconds"] / QUICKER_FACTOR for each in last)
    return len(last) < TELLING_RUNS or not (slower or quicker)


def _trained(published: Any) -> Estimate:
    unstored = {"source", "kind", "others"}
    fields = {name: published[name] for name in Estimate.__slots__ if name not in unstored}
    texts = {name: fields[name] or "" for name in ("rule", "why")}
    return Estimate(**{**fields, **texts}, source="trained")


def published_bounds(ledger: Ledger) -> dict[tuple[str, str], tuple[float, float]]:
    """Return the 90th percentile and the moment of every published (provider kind, key)."""
    query = select(table.c.provider_kind, table.c.key, table.c.p90_seconds, table.c.published_at)
    with ledger.read() as connection:
        return {(row[0], row[1]): (row[2], row[3]) for row in connection.execute(query)}


def _published(connection: Connection, keys: list[str], provider_kind: str) -> dict[str, Any]:
    query = select(table).where(table.c.key.in_(keys), table.c.provider_kind == provider_kind)
    return {row["key"]: row for row in connection.execute(query).mappings()}


def _history(
    connection: Connection, keys: list[str], provider_kind: str
) -> dict[str, list[Timing]]:
    """Return the newest successes and the newest failures of each key, HISTORY of each."""
    rank = func.row_number().over(
        partition_by=(timings.c.key, timings.c.succeeded),
        order_by=(timings.c.at.desc(), timings.c.id.desc()),
    )
    ranked = (
        select(timings, rank.label("rank"))
        .where(timings.c.key.in_(keys), timings.c.provider_kind == provider_kind)
        .subquery()
    )
    query = select(*(ranked.c[name] for name in Timing.__slots__)).where(ranked.c.rank <= HISTORY)
    by_key: dict[str, list[Timing]] = {}
    for row in connection.execute(query).mappings():
        by_key.setdefault(row["key"], []).append(Timing(**row))
    return by_key
