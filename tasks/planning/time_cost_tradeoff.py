"""Plans that trade time for money, quickly, for any number of steps. Pure.

Two families of list schedules. By price: every step goes where its end plus what its money is
worth comes first (a weighted sum). By target: every step goes where it is cheapest of where it ends
by its part of a given time, which fills cheap providers first (a deadline shared out along the
ways through the graph: Yu, Buyya and Tham, e-Science 2005). From the cheapest to
the fastest, both are swept, and searched where a limit lies between two neighbours.
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

# What a unit of money counts, as powers of two of all seconds over all money.
_LOW, _HIGH = -6.0, 6.0
# How many of a family are tried, and halvings of what lies between two; and how many steps may be
# placed in all.
_SWEPT, _HALVINGS = 12, 6
_PLACED, _FEWEST = 200_000, 3

Within = Callable[[Schedule], bool]


def tradeoff_schedules(
    problem: Problem, costs: Costs, within: Within = lambda _made: True
) -> list[Schedule]:
    """Return schedules from the cheapest to the fastest; fewer for a workload of many steps.

    Where ``within`` holds for one and not for the next, others between them are tried too.
    """
    ways = _ScheduleFamilies.of(problem, costs)
    found = [ways.cheapest, ways.fastest]
    for way in (ways.by_price, ways.by_target):
        found += _swept(ways, way, within)
    return list({made.provider.tobytes(): made for made in found}.values())


def _swept(
    ways: _ScheduleFamilies, way: Callable[[float], Schedule], within: Within
) -> Iterator[Schedule]:
    """Give what one family has from the cheapest, at 0, to the fastest, at 1."""
    parts = np.linspace(0.0, 1.0, min(ways.tries, _SWEPT) + 2)[1:-1].tolist()
    made = [ways.cheapest, *map(way, parts), ways.fastest]
    yield from made
    for (first, one), (last, other) in pairwise(zip([0.0, *parts, 1.0], made, strict=True)):
        if within(one) != within(other):
            yield from _between(ways, way, within, ((first, one), (last, other)))


def _between(
    ways: _ScheduleFamilies,
    way: Callable[[float], Schedule],
    within: Within,
    pair: tuple[tuple[float, Schedule], tuple[float, Schedule]],
) -> Iterator[Schedule]:
    """Give schedules between two neighbours of which one is within and the other is not."""
    (first, one), (last, other) = pair
    wanted = within(one)
    for _ in range(min(ways.tries, _HALVINGS)):
        middle = (first + last) / 2
        yield (made := way(middle))
        if within(made) == wanted:
            first, one = middle, made
        else:
            last, other = middle, made
    good, bad = (one, other) if wanted else (other, one)
    for turn in (ways.order, ways.order[::-1]):
        yield from _mixed(ways, good, bad, turn, within)


def _mixed(
    ways: _ScheduleFamilies, good: Schedule, bad: Schedule, turn: Integers, within: Within
) -> Iterator[Schedule]:
    """Give schedules with as many providers of ``bad`` as stay within.

    Steps that are alike change their provider at one price; here they do so one by one.
    """
    low, high = 0, len(turn)
    for _ in range(ways.tries):
        if high - low <= 1:
            return
        middle = (low + high) // 2
        provider = good.provider.copy()
        provider[turn[:middle]] = bad.provider[turn[:middle]]
        yield (made := timed_again(ways.problem, provider, ways.order))
        low, high = (middle, high) if within(made) else (low, middle)


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
        """How many schedules are made of each sort: fewer, the more steps there are."""
        return max(_FEWEST, _PLACED // max(1, self.problem.steps * self.problem.providers))

    @classmethod
    def of(cls, problem: Problem, costs: Costs) -> _ScheduleFamilies:
        order = by_rank(problem)
        cheapest = _placed(problem, _cheapest(problem, costs), order)
        return cls(problem, costs, order, cheapest, ScheduleGenerator.of(problem).place(order))

    def by_price(self, part: float) -> Schedule:
        """Return the schedule where a unit of money counts as much as ``part`` says."""
        seconds = self.problem.seconds
        money = np.where(np.isfinite(self.costs.each), self.costs.each, 0.0)
        scale = float(seconds[np.isfinite(seconds)].sum()) / max(float(money.sum()), 1e-300)
        price = scale * 2.0 ** (_HIGH + part * (_LOW - _HIGH))
        return _placed(
            self.problem, replace(self.problem, seconds=seconds + price * money), self.order
        )

    def by_target(self, part: float) -> Schedule:
        """Return the schedule that aims at a makespan between those of the extremes."""
        slow, fast = self.cheapest.makespan, self.fastest.makespan
        target = max(slow, fast, 1e-300) ** (1 - part) * max(fast, 1e-300) ** part
        return timed_again(self.problem, self._aimed(target), self.order)

    def _aimed(self, target: float) -> Integers:
        """Return providers, int32[n]: the cheapest that keep each step's part of ``target``."""
        problem = self.problem
        starts, needs = problem.needs_start.tolist(), problem.needs.tolist()
        seconds, due = problem.seconds.tolist(), (target * _progress(problem)).tolist()
        preferred = np.lexsort((problem.seconds, self.costs.each), axis=1).tolist()
        lanes = [[0.0] * count for count in _lanes(problem)]
        ends, chosen = [0.0] * problem.steps, np.zeros(problem.steps, np.int32)
        for step in self.order.tolist():
            ready = max(
                (ends[need] for need in needs[starts[step] : starts[step + 1]]), default=0.0
            )
            takes = seconds[step]
            best, where = np.inf, 0
            for provider in preferred[step]:
                end = max(ready, lanes[provider][0]) + takes[provider]
                if end < best:
                    best, where = end, provider
                if end <= due[step]:
                    best, where = end, provider
                    break
            ends[step], chosen[step] = best, where
            heapreplace(lanes[where], best)
        return chosen


def _progress(problem: Problem) -> Floats:
    """Return which part of the longest way through each step is over at its end; float64[n]."""
    from tasks.planning.kernels import bound as kernels  # noqa: PLC0415 - numba is slow to import

    best, back = problem.seconds.min(axis=1), problem.reversed()
    after = kernels.longest_after(problem.followers_start, problem.followers, best)
    before = kernels.longest_after(back.followers_start, back.followers, best[::-1].copy())[::-1]
    return np.asarray((before + best) / np.maximum(before + best + after, 1e-300), np.float64)


def _lanes(problem: Problem) -> list[int]:
    """Return how many steps of mean demand each provider holds at a time, one at least."""
    mean = problem.demand.mean(axis=0)
    asked = mean > 0
    counts = np.floor(problem.capacity[:, asked] / mean[asked]).min(axis=1, initial=problem.steps)
    return [max(1, int(count)) for count in counts]


def _cheapest(problem: Problem, costs: Costs) -> Problem:
    least = costs.each.min(axis=1)[:, None]
    seconds = np.where(costs.each <= least * (1 + 1e-12), problem.seconds, np.inf)
    return replace(problem, seconds=seconds)


def _placed(problem: Problem, counted: Problem, order: Integers) -> Schedule:
    """Choose providers as ``counted`` says, and time them by ``problem``."""
    return timed_again(problem, ScheduleGenerator.of(counted).place(order).provider, order)


def timed_again(problem: Problem, provider: Integers, order: Integers) -> Schedule:
    """Return the schedule of the steps in ``order``, each on its provider, as early as possible."""
    return ScheduleGenerator.of(pinned(problem, provider)).place(order)


def tightened(
    problem: Problem, costs: Costs, schedule: Schedule, effort_seconds: float, seed: int
) -> Schedule:
    """Return ``schedule``, or a shorter one that costs no more: in another order.

    What costs least everywhere may also move to where that is the same.
    """
    everywhere = costs.total(schedule.provider) <= costs.least * (1 + 1e-9)
    narrow = _cheapest(problem, costs) if everywhere else pinned(problem, schedule.provider)
    return improve(narrow, schedule, bound_of(narrow).seconds, effort_seconds, seed)
