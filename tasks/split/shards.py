"""Chooses how many shards a list of items is cut into, and what each of them holds. Pure.

Every number of shards is played through on the lanes there are, with their speeds: each shard
pays the start-up once, so more are not always faster; fewer leave less to even out when items
take longer than expected.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from tasks.split.balance import Bins, bin_speeds, equal_bins, fitted_bins
from tasks.workload import SplitDecision

DEFAULT_STARTUP_SECONDS = 1.0
# A start-up also takes lane time from other work; this part of it counts against a further shard.
STARTUP_PRICE = 0.05
# Fewer shards are taken where they are as good to within this part.
TOLERANCE = 0.02
MOST_SHARDS = 256
# So many numbers are tried one by one; beyond, each is a part larger than the one before.
_ONE_BY_ONE, _GROWTH = 16, 1.2
_A_LANE = 8
_NOTICED = 0.05
_LATE = 0.9

Quantiles = tuple[float, float]
"""The p50 and p90 of a duration, in seconds at speed 1."""


@dataclass(frozen=True, slots=True)
class Sharding:
    """The items of each shard, in the order they were given, and why there are that many."""

    shards: tuple[tuple[str, ...], ...]
    decision: SplitDecision


@dataclass(frozen=True, slots=True)
class _ShardingProblem:
    bundles: tuple[tuple[str, ...], ...]
    seconds: tuple[Quantiles, ...]
    startup: Quantiles
    lanes: tuple[float, ...]
    timed: int

    @property
    def count(self) -> int:
        return sum(map(len, self.bundles))

    @property
    def expected(self) -> list[float]:
        return [p50 for p50, _ in self.seconds]


@dataclass(frozen=True, slots=True)
class _Cut:
    """One way to cut: what it takes on average, and in nine of ten runs at most."""

    bins: Bins
    mean: float
    late: float


def shard(  # noqa: PLR0917 - what is cut, and what decides how
    ids: Sequence[str],
    seconds: Mapping[str, Quantiles],
    startup: Quantiles | None,
    lanes: Sequence[float],
    requested: int | None = None,
    together: Mapping[str, str] | None = None,
) -> Sharding:
    """Cut ``ids`` into shards for ``lanes`` (their speeds), each shard paying ``startup``.

    Items without an entry in ``seconds`` are taken to last as long as the others do on average;
    where none has one, there is one shard a lane, balanced by count. ``requested`` fixes the
    number; no shard is ever empty. Items for which ``together`` says the same are in one shard.
    """
    bundles = _bundles(ids, together or {})
    job = _job(bundles, seconds, startup, tuple(sorted(lanes, reverse=True)) or (1.0,))
    wanted = min(requested, len(bundles)) if requested else None
    if not job.timed:
        parts = wanted or min(len(job.lanes), len(bundles))
        bins = equal_bins(job.expected, parts)
        return Sharding(_contents(job, bins), _untimed(job, len(bins), requested))
    numbers = _numbers(job, wanted)
    cut = _player(job, numbers[-1] + 1)
    cuts = {k: cut(k) for k in numbers}
    price = {k: cuts[k].mean + STARTUP_PRICE * k * job.startup[0] for k in numbers}
    worth = min(price.values()) * (1 + TOLERANCE)
    best = next(k for k in numbers if price[k] <= worth)
    parts = wanted or best
    cuts |= {k: cut(k) for k in (parts - 1, parts + 1) if 1 <= k <= len(bundles) and k not in cuts}
    return Sharding(_contents(job, cuts[parts].bins), _timed(job, parts, best, cuts, requested))


def _bundles(ids: Sequence[str], together: Mapping[str, str]) -> tuple[tuple[str, ...], ...]:
    bundles: dict[str, list[str]] = {}
    for item in ids:
        bundles.setdefault(together.get(item, item), []).append(item)
    return tuple(map(tuple, bundles.values()))


def _job(
    bundles: tuple[tuple[str, ...], ...],
    seconds: Mapping[str, Quantiles],
    startup: Quantiles | None,
    lanes: tuple[float, ...],
) -> _ShardingProblem:
    known = [seconds[item] for bundle in bundles for item in bundle if item in seconds]
    count = max(1, len(known))
    average = (sum(p50 for p50, _ in known) / count, sum(p90 for _, p90 in known) / count)
    unknown = average if known else (1.0, 1.0)
    return _ShardingProblem(
        bundles,
        tuple(_sum([seconds.get(item, unknown) for item in bundle]) for bundle in bundles),
        startup or (DEFAULT_STARTUP_SECONDS, DEFAULT_STARTUP_SECONDS),
        lanes,
        len(known),
    )


def _sum(parts: Sequence[Quantiles]) -> Quantiles:
    """Return the quantiles of a bundle; its parts are taken to be late together."""
    return sum(p50 for p50, _ in parts), sum(p90 for _, p90 in parts)


def _contents(job: _ShardingProblem, bins: Bins) -> tuple[tuple[str, ...], ...]:
    return tuple(tuple(item for n in members for item in job.bundles[n]) for members in bins)


def _numbers(job: _ShardingProblem, wanted: int | None) -> list[int]:
    """Return which numbers of shards are tried, in ascending order."""
    lanes = len(job.lanes)
    most = min(len(job.bundles), _A_LANE * lanes, MOST_SHARDS)
    found = {*range(1, min(most, _ONE_BY_ONE) + 1), lanes, most, wanted or 1}
    number = float(_ONE_BY_ONE)
    while number < most:
        found.add(int(number))
        number *= _GROWTH
    return sorted(k for k in found if k <= max(most, wanted or 0))


def _player(job: _ShardingProblem, most: int) -> Callable[[int], _Cut]:
    """Return what finds the best cut into a number of shards, up to ``most``."""
    from tasks.split.simulation import draw, loads, makespans  # noqa: PLC0415 - it imports numpy

    # Drawn together, so that every cut is played through with the same durations.
    drawn = draw(*zip(*job.seconds, *[job.startup] * most, strict=True))
    count = len(job.bundles)
    items, startups = drawn[:, :count], drawn[:, count:]

    def played(bins: Bins) -> _Cut:
        """Play one cut through."""
        expected = [job.startup[0] + sum(job.seconds[n][0] for n in each) for each in bins]
        ends = makespans(expected, loads(bins, items) + startups[:, : len(bins)], job.lanes)
        ends.sort()
        return _Cut(bins, float(ends.mean()), float(ends[int(_LATE * (len(ends) - 1))]))

    return lambda count: min(map(played, _ways(job, count)), key=lambda cut: cut.mean)


def _ways(job: _ShardingProblem, count: int) -> Iterator[Bins]:
    """Give the ways to cut into ``count`` shards: equal ones, and as the lanes can work them off."""
    yield equal_bins(job.expected, count)
    if len(set(job.lanes)) > 1 or count % len(job.lanes):
        fitted = fitted_bins(job.expected, bin_speeds(job.lanes, count), job.startup[0])
        if len(fitted) == count:
            yield fitted


def _untimed(job: _ShardingProblem, parts: int, requested: int | None) -> SplitDecision:
    why = "as asked for" if requested else f"one a lane ({_lanes(job)})"
    reason = f"{_shards(parts)}, {why}: no timings yet, so {job.count} tests go by count."
    return SplitDecision(parts, reason)


def _timed(
    job: _ShardingProblem, parts: int, best: int, cuts: Mapping[int, _Cut], requested: int | None
) -> SplitDecision:
    why = "as asked for" if requested else f"on {_lanes(job)}"
    chosen = cuts[parts]
    late = f" (nine times in ten up to {chosen.late:.1f} s)" if _differ(chosen) else ""
    reason = (
        f"{_shards(parts)} {why}: predicted {chosen.mean:.1f} s{late}, "
        f"of which {job.startup[0]:.1f} s start-up in each, "
        f"against {'; '.join([f'{cuts[1].mean:.1f} s in one', *_others(parts, best, cuts)])}. "
        f"{job.timed} of {job.count} tests have timings."
    )
    return SplitDecision(parts, reason, tuple((k, cuts[k].mean) for k in sorted(cuts)))


def _differ(cut: _Cut) -> bool:
    return cut.late - cut.mean >= _NOTICED


def _others(parts: int, best: int, cuts: Mapping[int, _Cut]) -> Iterator[str]:
    if parts != best:
        yield f"{best} would take {cuts[best].mean:.1f} s"
    for other, called in ((parts - 1, "one fewer"), (parts + 1, "one more")):
        if other in cuts:
            cost = cuts[other].mean - cuts[parts].mean
            yield f"{called} would {_cost(cost)}"


def _cost(seconds: float) -> str:
    if abs(seconds) < _NOTICED:
        return "change nothing"
    return f"cost {seconds:.1f} s" if seconds > 0 else f"gain {-seconds:.1f} s"


def _lanes(job: _ShardingProblem) -> str:
    count = "1 lane" if len(job.lanes) == 1 else f"{len(job.lanes)} lanes"
    speeds = Counter(job.lanes)
    if set(speeds) == {1.0}:
        return count
    named = [f"{n} x {speed:g}" if n > 1 else f"{speed:g}" for speed, n in speeds.items()]
    return f"{count} of speed {', '.join(named)}"


def _shards(parts: int) -> str:
    return "1 shard" if parts == 1 else f"{parts} shards"
