"""The number of shards that a list of items is cut into, and the items of each; pure.

Each number of shards is simulated on the lanes of the fleet, with their speeds: each shard pays
the start-up once, so more are not always faster; with fewer, items that take longer than expected
are balanced less.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from tasks.split.balance import Bins, bin_speeds, equal_bins, fitted_bins
from tasks.workload import SplitDecision

DEFAULT_STARTUP_SECONDS = 1.0
# A start-up also takes lane time from other work; this fraction of it counts against each shard.
STARTUP_PRICE = 0.05
# Fewer shards are taken where they are as good within this fraction.
TOLERANCE = 0.02
MAX_SHARDS = 256
# Up to so many shards, every number is tried.
_ONE_BY_ONE = 16
# Beyond, each number tried is larger than the one before by this factor.
_GROWTH = 1.2
_MAX_SHARDS_PER_LANE = 8
# A shorter time is not mentioned.
_NOTICED_SECONDS = 0.05
# The quantile of a late run.
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
    """One way to cut: its mean duration, and that of nine of ten runs at most."""

    bins: Bins
    mean: float
    late: float


def shard(
    ids: Sequence[str],
    seconds: Mapping[str, Quantiles],
    startup: Quantiles | None,
    lanes: Sequence[float],
    *,
    requested: int | None = None,
    together: Mapping[str, str] | None = None,
) -> Sharding:
    """Cut ``ids`` into shards for ``lanes`` (their speeds), each shard paying ``startup``.

    Items without an entry in ``seconds`` are assumed to last as long as the others do on average;
    where none has one, there is one shard a lane, balanced by count. ``requested`` fixes the
    number; no shard is ever empty. Items with the same value in ``together`` are in one shard.
    """
    bundles = _bundles(ids, together or {})
    problem = _sharding_problem(
        bundles, seconds, startup, tuple(sorted(lanes, reverse=True)) or (1.0,)
    )
    fixed_count = min(requested, len(bundles)) if requested else None
    if not problem.timed:
        parts = fixed_count or min(len(problem.lanes), len(bundles))
        bins = equal_bins(problem.expected, parts)
        return Sharding(_contents(problem, bins), _untimed(problem, len(bins), requested))
    numbers = _numbers(problem, fixed_count)
    cut = _simulator(problem, numbers[-1] + 1)
    cuts = {k: cut(k) for k in numbers}
    price = {k: cuts[k].mean + STARTUP_PRICE * k * problem.startup[0] for k in numbers}
    threshold = min(price.values()) * (1 + TOLERANCE)
    best = next(k for k in numbers if price[k] <= threshold)
    parts = fixed_count or best
    cuts |= {k: cut(k) for k in (parts - 1, parts + 1) if 1 <= k <= len(bundles) and k not in cuts}
    return Sharding(
        _contents(problem, cuts[parts].bins), _timed(problem, parts, best, cuts, requested)
    )


def _bundles(ids: Sequence[str], together: Mapping[str, str]) -> tuple[tuple[str, ...], ...]:
    bundles: dict[str, list[str]] = {}
    for item in ids:
        bundles.setdefault(together.get(item, item), []).append(item)
    return tuple(map(tuple, bundles.values()))


def _sharding_problem(
    bundles: tuple[tuple[str, ...], ...],
    seconds: Mapping[str, Quantiles],
    startup: Quantiles | None,
    lanes: tuple[float, ...],
) -> _ShardingProblem:
    timed_items = [seconds[item] for bundle in bundles for item in bundle if item in seconds]
    count = max(1, len(timed_items))
    average = (
        sum(p50 for p50, _ in timed_items) / count,
        sum(p90 for _, p90 in timed_items) / count,
    )
    untimed = average if timed_items else (1.0, 1.0)
    return _ShardingProblem(
        bundles,
        tuple(_sum([seconds.get(item, untimed) for item in bundle]) for bundle in bundles),
        startup or (DEFAULT_STARTUP_SECONDS, DEFAULT_STARTUP_SECONDS),
        lanes,
        len(timed_items),
    )


def _sum(parts: Sequence[Quantiles]) -> Quantiles:
    """Return the quantiles of a bundle; its parts are assumed to be late together."""
    return sum(p50 for p50, _ in parts), sum(p90 for _, p90 in parts)


def _contents(problem: _ShardingProblem, bins: Bins) -> tuple[tuple[str, ...], ...]:
    return tuple(tuple(item for n in members for item in problem.bundles[n]) for members in bins)


def _numbers(problem: _ShardingProblem, fixed_count: int | None) -> list[int]:
    """Return the numbers of shards that are tried, in ascending order."""
    lanes = len(problem.lanes)
    most = min(len(problem.bundles), _MAX_SHARDS_PER_LANE * lanes, MAX_SHARDS)
    numbers = {*range(1, min(most, _ONE_BY_ONE) + 1), lanes, most, fixed_count or 1}
    number = float(_ONE_BY_ONE)
    while number < most:
        numbers.add(int(number))
        number *= _GROWTH
    return sorted(k for k in numbers if k <= max(most, fixed_count or 0))


def _simulator(problem: _ShardingProblem, most: int) -> Callable[[int], _Cut]:
    """Return a function that finds the best cut into a number of shards, up to ``most``."""
    from tasks.split.simulation import draw, loads, makespans  # noqa: PLC0415 - it imports numpy

    # Drawn together, so that every cut is simulated with the same durations.
    durations = draw(*zip(*problem.seconds, *[problem.startup] * most, strict=True))
    count = len(problem.bundles)
    items, startups = durations[:, :count], durations[:, count:]

    def simulated(bins: Bins) -> _Cut:
        """Simulate one cut."""
        expected = [
            problem.startup[0] + sum(problem.seconds[n][0] for n in members) for members in bins
        ]
        ends = makespans(expected, loads(bins, items) + startups[:, : len(bins)], problem.lanes)
        ends.sort()
        return _Cut(bins, float(ends.mean()), float(ends[int(_LATE * (len(ends) - 1))]))

    return lambda count: min(
        map(simulated, _candidate_bins(problem, count)), key=lambda cut: cut.mean
    )


def _candidate_bins(problem: _ShardingProblem, count: int) -> Iterator[Bins]:
    """Yield the ways to cut into ``count`` shards: of equal size, and by the speeds of the lanes."""
    yield equal_bins(problem.expected, count)
    if len(set(problem.lanes)) > 1 or count % len(problem.lanes):
        fitted = fitted_bins(problem.expected, bin_speeds(problem.lanes, count), problem.startup[0])
        if len(fitted) == count:
            yield fitted


def _untimed(problem: _ShardingProblem, parts: int, requested: int | None) -> SplitDecision:
    how = "as asked for" if requested else f"one a lane ({_lanes(problem)})"
    reason = f"{_shards(parts)}, {how}: no timings yet, so {problem.count} tests go by count."
    return SplitDecision(parts, reason)


def _timed(
    problem: _ShardingProblem,
    parts: int,
    best: int,
    cuts: Mapping[int, _Cut],
    requested: int | None,
) -> SplitDecision:
    how = "as asked for" if requested else f"on {_lanes(problem)}"
    cut = cuts[parts]
    late = f" (nine times in ten up to {cut.late:.1f} s)" if _differ(cut) else ""
    reason = (
        f"{_shards(parts)} {how}: predicted {cut.mean:.1f} s{late}, "
        f"of which {problem.startup[0]:.1f} s start-up in each, "
        f"against {'; '.join([f'{cuts[1].mean:.1f} s in one', *_others(parts, best, cuts)])}. "
        f"{problem.timed} of {problem.count} tests have timings."
    )
    return SplitDecision(parts, reason, tuple((k, cuts[k].mean) for k in sorted(cuts)))


def _differ(cut: _Cut) -> bool:
    return cut.late - cut.mean >= _NOTICED_SECONDS


def _others(parts: int, best: int, cuts: Mapping[int, _Cut]) -> Iterator[str]:
    if parts != best:
        yield f"{best} would take {cuts[best].mean:.1f} s"
    for other, name in ((parts - 1, "one fewer"), (parts + 1, "one more")):
        if other in cuts:
            cost = cuts[other].mean - cuts[parts].mean
            yield f"{name} would {_cost(cost)}"


def _cost(seconds: float) -> str:
    if abs(seconds) < _NOTICED_SECONDS:
        return "change nothing"
    return f"cost {seconds:.1f} s" if seconds > 0 else f"gain {-seconds:.1f} s"


def _lanes(problem: _ShardingProblem) -> str:
    count = "1 lane" if len(problem.lanes) == 1 else f"{len(problem.lanes)} lanes"
    speeds = Counter(problem.lanes)
    if set(speeds) == {1.0}:
        return count
    speed_texts = [f"{n} x {speed:g}" if n > 1 else f"{speed:g}" for speed, n in speeds.items()]
    return f"{count} of speed {', '.join(speed_texts)}"


def _shards(parts: int) -> str:
    return "1 shard" if parts == 1 else f"{parts} shards"
