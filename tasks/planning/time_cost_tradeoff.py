"""The time-cost trade-off: quick plans from the cheapest to the fastest, for any graph; pure.

Two families of list schedules. By price: every step goes to the provider with the least weighted
sum of its end and its cost. By target: every step goes to the cheapest provider on which it ends by
its part of a given time, which fills cheap providers first (a deadline distributed along the paths
of the graph: Yu, Buyya and Tham, e-Science 2005). Both families are swept from the cheapest to the
fastest, and searched where a limit lies between two neighbours.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from heapq import heapreplace
from itertools import pairwise

import numpy as np

from tasks.planning.bound import bound_of
from tasks.planning.construct import ScheduleGenerator, by_rank
from tasks.planning.core.costs import Costs
from tasks.planning.core.problem import Floats, Integers, Problem
from tasks.planning.core.schedule import Schedule
from tasks.planning.improve import improve
from tasks.planning.outlook import pinned

# The weight of money, as powers of two of all seconds over all money: for the fastest plans.
_MIN_EXPONENT = -6.0
# The same for the cheapest plans.
_MAX_EXPONENT = 6.0
# The number of schedules of each family that are tried.
_SWEPT = 12
# The number of bisections between two neighbours.
_BISECTIONS = 6
# The number of steps that may be placed for each.
_PLACED = 200_000
_MIN_TRIALS = 3

Within = Callable[[Schedule], bool]


def tradeoff_schedules(
    problem: Problem, costs: Costs, within: Within = lambda _made: True
) -> list[Schedule]:
    """Return schedules from the cheapest to the fastest; fewer for a workload of many steps.

    Where ``within`` holds for one and not for the next, schedules between them are tried too.
    """
    families = _ScheduleFamilies.of(problem, costs)
    schedules = [families.cheapest, families.fastest]
    for family in (families.by_price, families.by_target):
        schedules += _swept(families, family, within)
    return list({schedule.provider.tobytes(): schedule for schedule in schedules}.values())


def _swept(
    families: _ScheduleFamilies, family: Callable[[float], Schedule], within: Within
) -> Iterator[Schedule]:
    """Yield the schedules of one family from the cheapest, at 0, to the fastest, at 1."""
    parts = np.linspace(0.0, 1.0, min(families.tries, _SWEPT) + 2)[1:-1].tolist()
    schedules = [families.cheapest, *map(family, parts), families.fastest]
    yield from schedules
    for (part, schedule), (next_part, next_schedule) in pairwise(
        zip([0.0, *parts, 1.0], schedules, strict=True)
    ):
        if within(schedule) != within(next_schedule):
            first, last = (part, schedule), (next_part, next_schedule)
            yield from _between(families, family, within, first, last)


def _between(
    families: _ScheduleFamilies,
    family: Callable[[float], Schedule],
    within: Within,
    first: tuple[float, Schedule],
    last: tuple[float, Schedule],
) -> Iterator[Schedule]:
    """Yield schedules between two neighbours of which one is within the limits."""
    first_part, first_schedule = first
    last_part, last_schedule = last
    first_within = within(first_schedule)
    for _ in range(min(families.tries, _BISECTIONS)):
        middle = (first_part + last_part) / 2
        yield (schedule := family(middle))
        if within(schedule) == first_within:
            first_part, first_schedule = middle, schedule
        else:
            last_part, last_schedule = middle, schedule
    good, bad = (first_schedule, last_schedule) if first_within else (last_schedule, first_schedule)
    for order in (families.order, families.order[::-1]):
        yield from _mixed(families, good, bad, order, within)


def _mixed(
    families: _ScheduleFamilies, good: Schedule, bad: Schedule, order: Integers, within: Within
) -> Iterator[Schedule]:
    """Yield schedules that take as many providers of ``bad`` as the limits allow.

    Like steps change their provider at the same price; here they change it one by one.
    """
    low, high = 0, len(order)
    for _ in range(families.tries):
        if high - low <= 1:
            return
        middle = (low + high) // 2
        provider = good.provider.copy()
        provider[order[:middle]] = bad.provider[order[:middle]]
        yield (schedule := retimed(families.problem, provider, families.order))
        low, high = (middle, high) if within(schedule) else (low, middle)


@dataclass(frozen=True, slots=True, eq=False)
class _ScheduleFamilies:
    """The two families of one problem, from the cheapest, at 0, to the fastest, at 1."""

    problem: Problem
    costs: Costs
    order: Integers
    cheapest: Schedule
    fastest: Schedule

    @property
    def tries(self) -> int:
        """The number of schedules of each sort: the more steps, the fewer."""
        return max(_MIN_TRIALS, _PLACED // max(1, self.problem.steps * self.problem.providers))

    @classmethod
    def of(cls, problem: Problem, costs: Costs) -> _ScheduleFamilies:
        order = by_rank(problem)
        cheapest = _placed(problem, _cheapest(problem, costs), order)
        return cls(problem, costs, order, cheapest, ScheduleGenerator.of(problem).place(order))

    def by_price(self, part: float) -> Schedule:
        """Return the schedule for a weight of money; ``part`` is from 0 (most) to 1 (least)."""
        seconds = self.problem.seconds
        money = np.where(np.isfinite(self.costs.by_provider), self.costs.by_provider, 0.0)
        scale = float(seconds[np.isfinite(seconds)].sum()) / max(float(money.sum()), 1e-300)
        price = scale * 2.0 ** (_MAX_EXPONENT + part * (_MIN_EXPONENT - _MAX_EXPONENT))
        return _placed(
            self.problem, replace(self.problem, seconds=seconds + price * money), self.order
        )

    def by_target(self, part: float) -> Schedule:
        """Return the schedule that aims at a makespan between those of the extremes."""
        slow, fast = self.cheapest.makespan, self.fastest.makespan
        target = max(slow, fast, 1e-300) ** (1 - part) * max(fast, 1e-300) ** part
        return retimed(self.problem, self._providers_by_target(target), self.order)

    def _providers_by_target(self, target: float) -> Integers:
        """Return providers, int32[n]: the cheapest that keep each step's part of ``target``."""
        problem = self.problem
        starts, needs = problem.needs_start.tolist(), problem.needs.tolist()
        seconds, due = problem.seconds.tolist(), (target * _progress(problem)).tolist()
        preferred = np.lexsort((problem.seconds, self.costs.by_provider), axis=1).tolist()
        lanes = [[0.0] * count for count in _lane_counts(problem)]
        ends, providers = [0.0] * problem.steps, np.zeros(problem.steps, np.int32)
        for step in self.order.tolist():
            ready = max(
                (ends[need] for need in needs[starts[step] : starts[step + 1]]), default=0.0
            )
            step_seconds = seconds[step]
            best, best_provider = np.inf, 0
            for provider in preferred[step]:
                end = max(ready, lanes[provider][0]) + step_seconds[provider]
                if end < best:
                    best, best_provider = end, provider
                if end <= due[step]:
                    best, best_provider = end, provider
                    break
            ends[step], providers[step] = best, best_provider
            heapreplace(lanes[best_provider], best)
        return providers


def _progress(problem: Problem) -> Floats:
    """Return the fraction of the longest path through each step that ends with it; float64[n]."""
    from tasks.planning.kernels import bound as kernels  # noqa: PLC0415 - numba is slow to import

    best, back = problem.seconds.min(axis=1), problem.reversed()
    after = kernels.longest_after(problem.followers_start, problem.followers, best)
    before = kernels.longest_after(back.followers_start, back.followers, best[::-1].copy())[::-1]
    return np.asarray((before + best) / np.maximum(before + best + after, 1e-300), np.float64)


def _lane_counts(problem: Problem) -> list[int]:
    """Return the number of steps of mean demand that each provider holds, at least one."""
    mean = problem.demand.mean(axis=0)
    demanded = mean > 0
    counts = np.floor(problem.capacity[:, demanded] / mean[demanded]).min(
        axis=1, initial=problem.steps
    )
    return [max(1, int(count)) for count in counts]


def _cheapest(problem: Problem, costs: Costs) -> Problem:
    least = costs.by_provider.min(axis=1)[:, None]
    seconds = np.where(costs.by_provider <= least * (1 + 1e-12), problem.seconds, np.inf)
    return replace(problem, seconds=seconds)


def _placed(problem: Problem, weighted: Problem, order: Integers) -> Schedule:
    """Return a schedule with the providers chosen on ``weighted`` and the times of ``problem``."""
    return retimed(problem, ScheduleGenerator.of(weighted).place(order).provider, order)


def retimed(problem: Problem, provider: Integers, order: Integers) -> Schedule:
    """Return the schedule of the steps in ``order``, each on its provider, as early as possible."""
    return ScheduleGenerator.of(pinned(problem, provider)).place(order)


def tightened(
    problem: Problem, costs: Costs, schedule: Schedule, effort_seconds: float, seed: int
) -> Schedule:
    """Return ``schedule``, or a shorter one that costs no more: in another order.

    Where every step costs least already, steps may also move to providers of the same cost.
    """
    everywhere = costs.total(schedule.provider) <= costs.least * (1 + 1e-9)
    narrowed = _cheapest(problem, costs) if everywhere else pinned(problem, schedule.provider)
    return improve(narrowed, schedule, bound_of(narrowed).seconds, effort_seconds, seed)
