"""Chooses how many shards a list of items is cut into, and what each of them holds. Pure.

Items are balanced by longest processing time first (Graham, Bounds on multiprocessing timing
anomalies, 1969). Every shard pays the start-up once, so more shards are not always faster.
"""

from __future__ import annotations

import heapq
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tasks.workload import SplitDecision

DEFAULT_STARTUP_SECONDS = 1.0
# A start-up also takes lane time from other work; this part of it counts against a further shard.
STARTUP_PRICE = 0.05
# Fewer shards are taken where they are as good to within this part.
TOLERANCE = 0.02
MOST_SHARDS = 64


@dataclass(frozen=True, slots=True)
class Sharding:
    """The items of each shard, in the order they were given, and why there are that many."""

    shards: tuple[tuple[str, ...], ...]
    decision: SplitDecision


@dataclass(frozen=True, slots=True)
class _Job:
    ids: tuple[str, ...]
    seconds: tuple[float, ...]
    startup: float
    lanes: int
    timed: int


def shard(
    ids: Sequence[str],
    seconds: Mapping[str, float],
    startup_seconds: float | None,
    lanes: int,
    requested: int | None = None,
) -> Sharding:
    """Cut ``ids`` into shards for ``lanes`` lanes, each shard paying ``startup_seconds``.

    Items without an entry in ``seconds`` are taken to last as long as the others do on average;
    where none has one, there is one shard a lane, balanced by count. ``requested`` fixes the
    number; no shard is ever empty.
    """
    job = _job(ids, seconds, startup_seconds, max(1, lanes))
    most = min(len(ids), 2 * job.lanes, MOST_SHARDS)
    wanted = min(requested, len(ids)) if requested else None
    if not job.timed:
        parts = wanted or min(job.lanes, len(ids))
        return Sharding(_contents(job, parts), _untimed(job, parts, requested))
    numbers = sorted({*range(1, most + 1), *([wanted] if wanted else [])})
    predicted = {parts: _makespan(job, parts) for parts in numbers}
    price = {k: predicted[k] + STARTUP_PRICE * k * job.startup for k in numbers}
    worth = min(price.values()) * (1 + TOLERANCE)
    best = next(k for k in numbers if price[k] <= worth)
    parts = wanted or best
    return Sharding(_contents(job, parts), _timed(job, parts, best, predicted, requested))


def _job(
    ids: Sequence[str], seconds: Mapping[str, float], startup: float | None, lanes: int
) -> _Job:
    known = [seconds[item] for item in ids if item in seconds]
    average = sum(known) / len(known) if known else 1.0
    return _Job(
        tuple(ids),
        tuple(seconds.get(item, average) for item in ids),
        DEFAULT_STARTUP_SECONDS if startup is None else startup,
        lanes,
        len(known),
    )


def _balance(seconds: Sequence[float], parts: int) -> list[list[int]]:
    bins: list[list[int]] = [[] for _ in range(parts)]
    # The count breaks ties, so that items that take no time are spread as well.
    loads = [(0.0, 0, index) for index in range(parts)]
    for item in sorted(range(len(seconds)), key=lambda index: (-seconds[index], index)):
        load, count, index = heapq.heappop(loads)
        bins[index].append(item)
        heapq.heappush(loads, (load + seconds[item], count + 1, index))
    return [sorted(members) for members in bins if members]


def _contents(job: _Job, parts: int) -> tuple[tuple[str, ...], ...]:
    bins = _balance(job.seconds, parts)
    return tuple(tuple(job.ids[item] for item in members) for members in bins)


def _makespan(job: _Job, parts: int) -> float:
    bins = _balance(job.seconds, parts)
    loads = [job.startup + sum(job.seconds[item] for item in members) for members in bins]
    lanes = [0.0] * job.lanes
    for load in sorted(loads, reverse=True):
        heapq.heapreplace(lanes, lanes[0] + load)
    return max(lanes)


def _untimed(job: _Job, parts: int, requested: int | None) -> SplitDecision:
    why = "as asked for" if requested else f"one a lane ({job.lanes} lanes)"
    reason = f"{_shards(parts)}, {why}: no timings yet, so {len(job.ids)} tests go by count."
    return SplitDecision(parts, reason)


def _timed(
    job: _Job, parts: int, best: int, predicted: Mapping[int, float], requested: int | None
) -> SplitDecision:
    why = "as asked for" if requested else f"on {job.lanes} lanes"
    reason = (
        f"{_shards(parts)} {why}: predicted {predicted[parts]:.1f} s, "
        f"of which {job.startup:.1f} s start-up in each, "
        f"against {predicted[1]:.1f} s in one; {_other(parts, best, predicted)}. "
        f"{job.timed} of {len(job.ids)} tests have timings."
    )
    return SplitDecision(parts, reason, tuple(predicted.items()))


def _other(parts: int, best: int, predicted: Mapping[int, float]) -> str:
    if parts != best:
        return f"{best} would take {predicted[best]:.1f} s"
    if parts + 1 in predicted:
        gain = predicted[parts] - predicted[parts + 1]
        worth = f"gain {gain:.1f} s" if gain > 0 else "gain nothing"
        return f"one more would {worth}"
    return "more were not considered"


def _shards(parts: int) -> str:
    return "1 shard" if parts == 1 else f"{parts} shards"
