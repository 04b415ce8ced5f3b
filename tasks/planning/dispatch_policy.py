"""By which order and rule a plan is dispatched: that of several which replays best. Pure.

A plan's times are never dispatched. What comes nearest to them depends on how sure the durations
are: the starts of a tight plan and its places where they are sure, upward rank and the earliest
finish where they vary.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from tasks.plan import Plan
from tasks.planning.construct import ScheduleGenerator, by_rank
from tasks.planning.core.problem import Floats, Integers, Problem
from tasks.planning.core.schedule import Schedule
from tasks.planning.simulate import DispatchReplay, PreferredProviders, drawn_factors

# Up to so many steps are replayed without compiled loops, and so many in all.
_SMALL, _REPLAYED_SMALL = 64, 4_000
# The same for compiled loops: steps of a graph and in all, on lanes and where amounts differ.
_LANES, _VECTORS = (20_000, 200_000), (1_000, 10_000)
_MOST_SAMPLES = 24
# Nearer to the plan than this, nothing else is tried.
_NEAR = 1.001
# What takes so much longer than the plan is told of.
_MUCH = 1.02
_STAY = 1.0


@dataclass(frozen=True, slots=True, eq=False)
class DispatchPolicy:
    """What is dispatched.

    Attributes:
        order: int32[n], most urgent first; no step before what it needs.
        seconds: What it comes to where every step takes its median.
        kept: Where steps rather run; None: wherever they end first.
    """

    order: Integers
    seconds: float
    kept: PreferredProviders | None = None


def choose_policy(
    problem: Problem, schedule: Schedule, spread: Floats, seed: int = 1
) -> DispatchPolicy:
    """Return how to dispatch ``schedule``: what ends first on average over drawn durations.

    ``spread`` is float64[n], the sigma of each step's log-normal duration. All are replayed with
    the same durations. A graph of very many steps goes by upward rank.
    """
    replay, medians = DispatchReplay.of(problem), np.ones(problem.steps)

    def seconds(order: Integers, kept: PreferredProviders | None) -> float:
        return replay.run(order, medians, kept).makespan

    ranked = by_rank(problem)
    most, most_replayed = _VECTORS if replay.build.lanes is None else _LANES
    if problem.steps > most:
        return DispatchPolicy(ranked, schedule.makespan)
    usual = DispatchPolicy(ranked, seconds(ranked, None))
    if usual.seconds <= schedule.makespan * _NEAR:
        return usual
    others = _others(replay.build, schedule, ranked)
    policies = [
        usual,
        *(DispatchPolicy(order, seconds(order, kept), kept) for order, kept in others),
    ]
    replayed = _REPLAYED_SMALL if problem.steps <= _SMALL else most_replayed
    samples = min(_MOST_SAMPLES, max(1, replayed // (len(policies) * problem.steps)))
    factors = drawn_factors(problem, spread, samples, seed)

    def mean(policy: DispatchPolicy) -> float:
        ends = [replay.run(policy.order, factor, policy.kept).makespan for factor in factors]
        return float(np.mean(ends))

    return min(policies, key=mean)


def with_policy(made: Plan, policy: DispatchPolicy) -> Plan:
    """Return ``made`` with the rule of ``policy``, and a warning where that cannot keep its times."""
    stay = policy.kept.stay if policy.kept else 0.0
    if policy.seconds <= made.makespan_seconds * _MUCH:
        return replace(made, stay=stay)
    later = 100 * (policy.seconds / made.makespan_seconds - 1)
    said = f"started as providers become free, it should take {policy.seconds:.4g} s"
    warning = f"{said}, {later:.0f} % more than planned"
    return replace(made, stay=stay, warnings=(*made.warnings, warning))


def _others(
    build: ScheduleGenerator, schedule: Schedule, ranked: Integers
) -> Iterator[tuple[Integers, PreferredProviders | None]]:
    kept = PreferredProviders(schedule.provider, _STAY)
    orders = schedule.order, _latest(build, schedule)
    yield from ((order, None) for order in orders)
    if build.kinds > 1:
        yield from ((order, kept) for order in (ranked, *orders))


def _latest(build: ScheduleGenerator, schedule: Schedule) -> Integers:
    """Return the steps by their latest starts that keep places and end of ``schedule``."""
    backwards = ScheduleGenerator.of(build.problem.reversed())
    # No step comes before one that needs it: of equal times, which zero durations bring about,
    # the reversed topological order decides.
    order = np.lexsort((-schedule.start[::-1], -schedule.end[::-1])).astype(np.int32)
    places = backwards.kinds_of(schedule.provider[::-1].astype(np.int32))
    back = backwards.place(order, places)
    return np.argsort(-back.end[::-1], kind="stable").astype(np.int32)
