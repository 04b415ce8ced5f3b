"""Simulated runs of a plan with durations that differ from the expected ones; pure.

They follow the order of the plan and the rule of the dispatcher, never the planned times.
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
    """The distribution of a workload's makespan, from ``k`` replays.

    Attributes:
        makespans: float64[k], ascending; seconds.
    """

    makespans: Floats

    def quantile(self, part: float) -> float:
        """Return the seconds within which that fraction (0 to 1) of the replays ends."""
        return float(np.quantile(self.makespans, part))

    def probability(self, deadline_seconds: float) -> float:
        """Return the fraction of the replays that ends by then."""
        return float(np.mean(self.makespans <= deadline_seconds))


@dataclass(frozen=True, slots=True, eq=False)
class PreferredProviders:
    """The providers on which steps run although they might end earlier elsewhere.

    Attributes:
        provider: int32[n], those of a plan.
        stay: A step goes there if it ends later by at most ``stay`` times its duration.
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
    preferred: PreferredProviders | None = None,
) -> MakespanForecast:
    """Replay ``order`` with durations drawn around the expected ones.

    Args:
        problem: Its seconds are medians.
        order: int32[n], most urgent first.
        spread: float64[n], the sigma of each step's log-normal duration (see ``spread_of``).
        samples: The number of replays.
        seed: The same seed draws the same durations.
        preferred: The preferred providers; None: wherever steps end first.
    """
    replay = DispatchReplay.of(problem)
    factors = drawn_factors(problem, spread, samples, seed)
    return MakespanForecast(
        np.sort([replay.run(order, factor, preferred).makespan for factor in factors])
    )


def drawn_factors(problem: Problem, spread: Floats, samples: int, seed: int) -> Floats:
    """Return the factors of the expected seconds in each sample; float64[k, n]."""
    normal = np.random.default_rng(seed).normal(size=(samples, problem.steps))
    return np.asarray(np.exp(normal * spread), np.float64)


def spread_of(graph: StepGraph, estimates: Estimates) -> Floats:
    """Return the sigma of log-normal durations that have the expected median and p90."""
    expected = [estimate_of(step, estimates) for step in graph.steps]
    ratios = [
        max(1.0, estimate.p90_seconds / estimate.p50_seconds) if estimate.p50_seconds > 0 else 1.0
        for estimate in expected
    ]
    return np.asarray(np.log(ratios) / NINE_TENTHS, np.float64)


@dataclass(frozen=True, slots=True, eq=False)
class DispatchReplay:
    """Runs a problem again and again by the rule of the dispatcher (see ``placement``)."""

    generator: ScheduleGenerator

    @classmethod
    def of(cls, problem: Problem) -> DispatchReplay:
        """Return the replay of ``problem``, on lanes where its fleet consists of them."""
        return cls(ScheduleGenerator.of(problem))

    def run(
        self, order: Integers, factor: Floats, preferred: PreferredProviders | None = None
    ) -> Schedule:
        """Return the schedule that results where steps last ``factor`` (float64[n]) times as long."""
        problem, lanes = self.generator.problem, self.generator.lanes
        count = problem.steps
        where, start, end = np.zeros(count, np.int32), np.zeros(count), np.zeros(count)
        graph = problem.needs_start, problem.followers_start, problem.followers
        stay = 0.0 if preferred is None else preferred.stay
        preferred_kind = where if preferred is None else self.generator.kinds_of(preferred.provider)
        if lanes is None:
            kernels.dispatched_on_vectors(
                order, *graph, problem.seconds, problem.demand, problem.capacity,
                factor, preferred_kind, stay, LOOKAHEAD, OVERRUN, where, start, end,
            )  # fmt: skip
            return Schedule(where, start, end)
        kernels.dispatched_on_lanes(
            order, *graph, lanes.seconds, lanes.kind,
            factor, preferred_kind, stay, LOOKAHEAD, OVERRUN, where, start, end,
        )  # fmt: skip
        return Schedule(lanes.provider[where], start, end)
