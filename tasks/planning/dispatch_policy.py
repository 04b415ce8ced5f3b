"""The dispatch policy of a plan: the order and rule that do best in simulated runs; pure.

The dispatcher never follows a plan's times. What comes nearest to them depends on how certain the
durations are: the plan's own order and providers where they are certain, upward rank and the
earliest finish where they vary.
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

# A graph of up to so many steps is replayed without compiled loops, and so many steps in all.
_SMALL = 64
_REPLAYED_SMALL = 4_000
# The same for compiled loops, (steps of a graph, steps in all): on lanes, and with other demands.
_LANES = (20_000, 200_000)
_VECTORS = (1_000, 10_000)
_MAX_SAMPLES = 24
# Where upward rank takes at most so many times as long as the plan, nothing else is tried.
_NEAR = 1.001
# Where dispatching takes more than so many times as long as the plan, a warning says so.
_MUCH = 1.02
# A step stays with its planned provider if it ends later by at most so many of its durations.
_STAY = 1.0


@dataclass(frozen=True, slots=True, eq=False)
class DispatchPolicy:
    """An order of the steps, and the providers that they prefer.

    Attributes:
        order: int32[n], most urgent first; no step before its needs.
        seconds: The makespan where every step takes its median.
        preferred: The preferred providers; None: wherever steps end first.
    """

    order: Integers
    seconds: float
    preferred: PreferredProviders | None = None


def choose_policy(
    problem: Problem, schedule: Schedule, spread: Floats, seed: int = 1
) -> DispatchPolicy:
    """Return the policy for ``schedule`` that ends first on average over drawn durations.

    ``spread`` is float64[n], the sigma of each step's log-normal duration. All policies are
    replayed with the same durations. A graph of very many steps goes by upward rank.
    """
    replay, medians = DispatchReplay.of(problem), np.ones(problem.steps)

    def seconds(order: Integers, preferred: PreferredProviders | None) -> float:
        return replay.run(order, medians, preferred).makespan

    ranked = by_rank(problem)
    most, max_replayed = _VECTORS if replay.generator.lanes is None else _LANES
    if problem.steps > most:
        return DispatchPolicy(ranked, schedule.makespan)
    by_upward_rank = DispatchPolicy(ranked, seconds(ranked, None))
    if by_upward_rank.seconds <= schedule.makespan * _NEAR:
        return by_upward_rank
    alternatives = _others(replay.generator, schedule, ranked)
    policies = [
        by_upward_rank,
        *(
            DispatchPolicy(order, seconds(order, preferred), preferred)
            for order, preferred in alternatives
        ),
    ]
    replayed = _REPLAYED_SMALL if problem.steps <= _SMALL else max_replayed
    samples = min(_MAX_SAMPLES, max(1, replayed // (len(policies) * problem.steps)))
    factors = drawn_factors(problem, spread, samples, seed)

    def mean(policy: DispatchPolicy) -> float:
        ends = [replay.run(policy.order, factor, policy.preferred).makespan for factor in factors]
        return float(np.mean(ends))

    return min(policies, key=mean)


def with_policy(plan: Plan, policy: DispatchPolicy) -> Plan:
    """Return ``plan`` with the ``stay`` of ``policy``, and a warning where that takes longer."""
    stay = policy.preferred.stay if policy.preferred else 0.0
    if policy.seconds <= plan.makespan_seconds * _MUCH:
        return replace(plan, stay=stay)
    later = 100 * (policy.seconds / plan.makespan_seconds - 1)
    time_needed = f"started as providers become free, it should take {policy.seconds:.4g} s"
    warning = f"{time_needed}, {later:.0f} % more than planned"
    return replace(plan, stay=stay, warnings=(*plan.warnings, warning))


def _others(
    generator: ScheduleGenerator, schedule: Schedule, ranked: Integers
) -> Iterator[tuple[Integers, PreferredProviders | None]]:
    preferred = PreferredProviders(schedule.provider, _STAY)
    orders = schedule.order, _latest(generator, schedule)
    yield from ((order, None) for order in orders)
    if generator.kinds > 1:
        yield from ((order, preferred) for order in (ranked, *orders))


def _latest(generator: ScheduleGenerator, schedule: Schedule) -> Integers:
    """Return the steps by their latest starts that keep providers and end of ``schedule``."""
    backwards = ScheduleGenerator.of(generator.problem.reversed())
    # No step comes before one that needs it: of equal times, which zero durations bring about,
    # the reversed topological order decides.
    order = np.lexsort((-schedule.start[::-1], -schedule.end[::-1])).astype(np.int32)
    places = backwards.kinds_of(schedule.provider[::-1].astype(np.int32))
    back = backwards.place(order, places)
    return np.argsort(-back.end[::-1], kind="stable").astype(np.int32)
