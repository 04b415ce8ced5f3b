"""What a plan comes to when durations are not what was expected: replayed by the rule. Pure.

What is replayed is what the dispatcher does, an order and a rule, and never the planned times.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tasks.estimates import Estimates, estimate_of
from tasks.planning.construct import ScheduleGenerator
from tasks.planning.core.placement import LOOKAHEAD, OVERRUN
from tasks.planning.core.problem import Floats, Integers, Problem
from tasks.planning.core.schedule import Schedule
from tasks.planning.kernels import simulate as kernels
from tasks.workload import StepGraph

# Of the standard normal distribution: 90 % lie below it.
NINE_TENTHS = 1.2815515655446004


@dataclass(frozen=True, slots=True, eq=False)
class MakespanForecast:
    """When a workload may end, from ``k`` replays.

    Attributes:
        makespans: float64[k], ascending; seconds.
    """

    makespans: Floats

    def quantile(self, part: float) -> float:
        """Return the seconds within which that part (0 to 1) of the replays end."""
        return float(np.quantile(self.makespans, part))

    def probability(self, deadline_seconds: float) -> float:
        """Return which part of the replays end by then."""
        return float(np.mean(self.makespans <= deadline_seconds))


@dataclass(frozen=True, slots=True, eq=False)
class PreferredProviders:
    """Where steps rather run than where they end first.

    Attributes:
        provider: int32[n], where a plan has them.
        stay: So many times its duration there a step may end later for it, and still go there.
    """

    provider: Integers
    stay: float


def forecast(
    problem: Problem,
    order: Integers,
    spread: Floats,
    samples: int = 200,
    seed: int = 1,
    *,
    kept: PreferredProviders | None = None,
) -> MakespanForecast:
    """Replay ``order`` with durations drawn around what is expected.

    Args:
        problem: Its seconds are medians.
        order: int32[n], most urgent first.
        spread: float64[n], the sigma of each step's log-normal duration (see ``spread_of``).
        samples: How many replays.
        seed: The same seed draws the same durations.
        kept: Where steps rather run; None: wherever they end first.
    """
    replay = DispatchReplay.of(problem)
    factors = drawn_factors(problem, spread, samples, seed)
    return MakespanForecast(
        np.sort([replay.run(order, factor, kept).makespan for factor in factors])
    )


def drawn_factors(problem: Problem, spread: Floats, samples: int, seed: int) -> Floats:
    """Return by what the expected seconds are multiplied in each sample; float64[k, n]."""
    normal = np.random.default_rng(seed).normal(size=(samples, problem.steps))
    return np.asarray(np.exp(normal * spread), np.float64)


def spread_of(graph: StepGraph, estimates: Estimates) -> Floats:
    """Return the sigma of log-normal durations that have the expected median and p90."""
    pairs = [estimate_of(step, estimates) for step in graph.steps]
    ratio = [max(1.0, e.p90_seconds / e.p50_seconds) if e.p50_seconds > 0 else 1.0 for e in pairs]
    return np.asarray(np.log(ratio) / NINE_TENTHS, np.float64)


@dataclass(frozen=True, slots=True, eq=False)
class DispatchReplay:
    """Runs a problem again and again by the rule of the dispatcher (see ``placement``)."""

    build: ScheduleGenerator

    @classmethod
    def of(cls, problem: Problem) -> DispatchReplay:
        """Find out whether the fleet is one of lanes."""
        return cls(ScheduleGenerator.of(problem))

    def run(
        self, order: Integers, factor: Floats, kept: PreferredProviders | None = None
    ) -> Schedule:
        """Return what happens where a step takes ``factor`` (float64[n]) times as expected."""
        problem, lanes = self.build.problem, self.build.lanes
        count = problem.steps
        where, start, end = np.zeros(count, np.int32), np.zeros(count), np.zeros(count)
        graph = problem.needs_start, problem.followers_start, problem.followers
        stay = 0.0 if kept is None else kept.stay
        placed = where if kept is None else self.build.kinds_of(kept.provider)
        if lanes is None:
            kernels.dispatched_on_vectors(
                *(order, *graph, problem.seconds, problem.demand, problem.capacity),
                factor, placed, stay, LOOKAHEAD, OVERRUN, where, start, end,
            )  # fmt: skip
            return Schedule(where, start, end)
        kernels.dispatched_on_lanes(
            *(order, *graph, lanes.seconds, lanes.kind),
            factor, placed, stay, LOOKAHEAD, OVERRUN, where, start, end,
        )  # fmt: skip
        return Schedule(lanes.provider[where], start, end)
