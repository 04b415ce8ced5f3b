"""Plans that trade time for money, quickly: lists in which a dear provider counts as slow. Pure.

For a price of a second, every step goes where its end plus what its money is worth comes first;
prices from nothing to any give schedules from the fastest to the cheapest. This is the weighted
sum for a list schedule; it finds what lies on the hull of the front, for any number of steps.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from tasks.distribute.bound import bound_of
from tasks.distribute.construct import Build, by_rank
from tasks.distribute.improve import improve
from tasks.distribute.outlook import pinned
from tasks.distribute.problem import Floats, Integers, Problem
from tasks.distribute.schedule import Schedule

# What a unit of money counts, as powers of two of all seconds over all money; and how many steps
# may be placed in all.
_LOW, _HIGH, _HALVINGS = -6.0, 6.0, 6
_PLACED, _FEWEST = 2_000_000, 3


@dataclass(frozen=True, slots=True, eq=False)
class Costs:
    """What each step costs where: float64[n, p], ``inf`` where it may not run.

    It is what steps cost as expected, also where they are planned to last longer.
    """

    each: Floats

    @classmethod
    def of(cls, problem: Problem) -> Costs:
        """Return the costs at the durations of ``problem``."""
        runs = np.isfinite(problem.seconds)
        return cls(np.where(runs, np.where(runs, problem.seconds, 0) * problem.price, np.inf))

    @property
    def uneven(self) -> bool:
        """Whether any step costs more on one provider than on another."""
        return bool((self._dearest > self.each.min(axis=1) * (1 + 1e-9)).any())

    @property
    def _dearest(self) -> Floats:
        return np.asarray(np.where(np.isfinite(self.each), self.each, 0.0).max(axis=1))

    @property
    def least(self) -> float:
        """What the cheapest plan costs."""
        return float(self.each.min(axis=1).sum())

    @property
    def most(self) -> float:
        """What no plan exceeds."""
        return float(self._dearest.sum())

    def total(self, provider: Integers) -> float:
        """Return what a plan with these providers, int32[n], costs."""
        return float(self.each[np.arange(len(provider)), provider].sum())


def trades(
    problem: Problem, costs: Costs, within: Callable[[Schedule], bool] = lambda _made: True
) -> list[Schedule]:
    """Return schedules from the cheapest to the fastest; fewer for a workload of many steps.

    Where ``within`` holds for one and not for the next, prices between theirs are tried too.
    """
    order, finite = by_rank(problem), np.where(np.isfinite(costs.each), costs.each, 0.0)
    seconds = float(np.where(np.isfinite(problem.seconds), problem.seconds, 0).sum())
    scale = seconds / max(float(finite.sum()), 1e-300)

    def at(power: float) -> Schedule:
        """Return the schedule where a unit of money counts as two to that power."""
        counted = problem.seconds + finite * (scale * 2.0**power)
        return _placed(problem, replace(problem, seconds=counted), order)

    cheapest = _placed(problem, _cheapest(problem, costs), order)
    tries = max(_FEWEST, _PLACED // max(1, problem.steps * problem.providers))
    powers = np.linspace(_HIGH, _LOW, min(tries, int(_HIGH - _LOW) + 1))
    found = [cheapest, *map(at, powers), _placed(problem, problem, order)]
    prices = [_HIGH + 1, *powers.tolist(), _LOW - 1]
    for index, (one, other) in enumerate(pairwise(found.copy())):
        if within(one) != within(other):
            near = [one, other]
            first, last = prices[index], prices[index + 1]
            for _ in range(min(tries, _HALVINGS)):
                found.append(made := at(middle := (first + last) / 2))
                same = within(made) == within(one)
                near[not same] = made
                first, last = (middle, last) if same else (first, middle)
            near.sort(key=within)
            found += _mixed(problem, (near[1], near[0]), order, within)
            found += _mixed(problem, (near[1], near[0]), order[::-1], within)
    return list({made.provider.tobytes(): made for made in found}.values())


def _mixed(
    problem: Problem,
    pair: tuple[Schedule, Schedule],
    turn: Integers,
    within: Callable[[Schedule], bool],
) -> Iterator[Schedule]:
    """Give schedules between one that is within and one that is not, as near the latter as goes.

    Steps that are alike change their provider at one price; here they do so one by one.
    """
    good, bad = pair
    low, high = 0, len(turn)
    while high - low > 1:
        middle = (low + high) // 2
        provider = good.provider.copy()
        provider[turn[:middle]] = bad.provider[turn[:middle]]
        made = timed_again(problem, provider, by_rank(problem))
        low, high = (middle, high) if within(made) else (low, middle)
        yield made


def _cheapest(problem: Problem, costs: Costs) -> Problem:
    least = costs.each.min(axis=1)[:, None]
    seconds = np.where(costs.each <= least * (1 + 1e-12), problem.seconds, np.inf)
    return replace(problem, seconds=seconds)


def _placed(problem: Problem, counted: Problem, order: Integers) -> Schedule:
    """Choose providers as ``counted`` says, and time them by ``problem``."""
    return timed_again(problem, Build.of(counted).place(order).provider, order)


def timed_again(problem: Problem, provider: Integers, order: Integers) -> Schedule:
    """Return the schedule of the steps in ``order``, each on its provider, as early as possible."""
    return Build.of(pinned(problem, provider)).place(order)


def tightened(
    problem: Problem, costs: Costs, schedule: Schedule, effort_seconds: float, seed: int
) -> Schedule:
    """Return ``schedule``, or a shorter one that costs no more: in another order.

    What costs least everywhere may also move to where that is the same.
    """
    everywhere = costs.total(schedule.provider) <= costs.least * (1 + 1e-9)
    narrow = _cheapest(problem, costs) if everywhere else pinned(problem, schedule.provider)
    return improve(narrow, schedule, bound_of(narrow).seconds, effort_seconds, seed)
