"""Steps on a fleet of unequal, priced providers as a problem with modes, and back. Pure.

Running on a provider is a mode: its duration, its hold on that provider, its money. Seconds
become ticks and money becomes units, rounded against the one who plans; the schedule's order is
then timed again with the exact durations, so that rounding never makes a plan longer.
"""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

from tasks.errors import BadInputError
from tasks.planning.core.problem import Floats, Problem
from tasks.planning.multimode.bound import least_makespan
from tasks.planning.multimode.problem import Ints, ModeProblem, ModeSchedule, Objective

_TICKS = 400  # at least so many in a schedule: finer gains little, and takes longer
_LEAST_TICK = 1e-9
_UNITS = 1_000_000  # what the dearest choice of providers costs, in units
_Z90 = NormalDist().inv_cdf(0.9)


@dataclass(frozen=True, slots=True)
class WeightedGoal:
    """What is wanted of a plan: the least ``time`` x seconds + ``money`` x cost, within limits.

    Attributes:
        time: What a second of the makespan weighs.
        money: What a unit of money weighs; 0: cost does not matter below ``budget``.
        budget: What may be spent.
        deadline_seconds: When the plan has to end at the latest.
    """

    time: float = 1.0
    money: float = 0.0
    budget: float | None = None
    deadline_seconds: float | None = None


@dataclass(frozen=True, slots=True, eq=False)
class FleetModes:
    """A problem with modes and what its numbers mean.

    ``provider`` and ``seconds`` and ``cost`` have shape (k,): of each mode. A tick is
    ``tick_seconds``; a unit of consumption is ``unit`` of money.
    """

    problem: ModeProblem
    provider: Ints
    seconds: Floats
    cost: Floats
    tick_seconds: float
    unit: float


@dataclass(frozen=True, slots=True, eq=False)
class TimedSchedule:
    """A schedule of steps on providers in exact seconds; arrays have shape (n,)."""

    provider: Ints
    start_seconds: Floats
    end_seconds: Floats
    cost: float

    @property
    def makespan_seconds(self) -> float:
        """The end of the last step."""
        return float(self.end_seconds.max(initial=0.0))


def quantile_seconds(p50: Floats, p90: Floats, probability: float) -> Floats:
    """Return durations that hold with ``probability`` each, log-normal through p50 and p90.

    A plan made of them keeps its deadline with more than that probability where steps follow each
    other, since not all of them are late at once; with less where many run side by side.
    """
    z = NormalDist().inv_cdf(probability)
    ratio = np.maximum(p90, p50) / np.maximum(p50, 1e-12)
    return np.asarray(p50 * ratio ** (z / _Z90))


def fleet_modes(
    problem: Problem, wishes: WeightedGoal | None = None, costs: Floats | None = None
) -> FleetModes:
    """Return ``problem`` with one mode for each provider that may run a step.

    ``costs`` is float64[n, p], what a step costs where; None: its seconds times the price.

    Raises:
        BadInputError: a weight, the budget or the deadline is negative.
    """
    wishes = wishes or WeightedGoal()
    for name in ("time", "money", "budget", "deadline_seconds"):
        if (given := getattr(wishes, name)) is not None and given < 0:
            raise BadInputError(name, given, "is negative", "give 0 or more")
    total = float(problem.seconds.min(axis=1).sum())
    coarse = _in_ticks(problem, wishes, costs, max(total / _TICKS, _LEAST_TICK))
    # The more runs side by side, the shorter is the schedule, and the finer a tick has to be.
    finer = coarse.tick_seconds * least_makespan(coarse.problem) / _TICKS
    return _in_ticks(problem, wishes, costs, max(finer, _LEAST_TICK))


def _in_ticks(
    problem: Problem, wishes: WeightedGoal, costs: Floats | None, tick: float
) -> FleetModes:
    step, provider = np.nonzero(np.isfinite(problem.seconds))
    seconds = problem.seconds[step, provider]
    cost = seconds * problem.price[provider] if costs is None else costs[step, provider]
    starts = np.searchsorted(step, np.arange(problem.steps + 1))
    unit = max(float(np.maximum.reduceat(cost, starts[:-1]).sum()) / _UNITS, 1e-12)
    demand, capacity = _resources(problem, step, provider)
    limit = _UNITS * 2 if wishes.budget is None else int(wishes.budget / unit + 1e-6)
    late = None if wishes.deadline_seconds is None else int(wishes.deadline_seconds / tick + 1e-6)
    modes = ModeProblem(
        needs_at=problem.needs_start.astype(np.int64),
        needs=problem.needs.astype(np.int64),
        modes_at=starts.astype(np.int64),
        duration=np.ceil(seconds / tick - 1e-6).astype(np.int64),
        demand=demand,
        consumption=np.ceil(cost[:, None] / unit - 1e-6).astype(np.int64),
        capacity=capacity,
        budget=np.array([limit], np.int64),
        objective=_objective(wishes, tick, unit, late),
    )
    return FleetModes(modes, provider.astype(np.int64), seconds, cost, tick, unit)


def timed_schedule(modes: FleetModes, schedule: ModeSchedule) -> TimedSchedule:
    """Return ``schedule`` in seconds: each step starts once all that ended before it has ended."""
    ends_tick = schedule.start + modes.problem.duration[schedule.mode]
    seconds = modes.seconds[schedule.mode]
    start, end = np.zeros(len(seconds)), np.zeros(len(seconds))
    order = np.lexsort((np.arange(len(seconds)), ends_tick, schedule.start))
    for place, job in enumerate(order):
        before = order[:place]
        before = before[ends_tick[before] <= schedule.start[job]]
        start[job] = end[before].max(initial=0.0)
        end[job] = start[job] + seconds[job]
    chosen = schedule.mode
    return TimedSchedule(modes.provider[chosen], start, end, float(modes.cost[chosen].sum()))


def _objective(wishes: WeightedGoal, tick: float, unit: float, late: int | None) -> Objective:
    """Return whole weights in the proportion of the wishes, to one part in a thousand."""
    time, money = wishes.time * tick, wishes.money * unit
    if not money:
        return Objective(1, (), late)
    if not time:
        return Objective(0, (1,), late)
    scale = (
        1000 / min(time, money)
        if max(time, money) < 1000 * min(time, money)
        else 1 / min(time, money)
    )
    return Objective(max(1, round(time * scale)), (max(1, round(money * scale)),), late)


def _resources(
    problem: Problem, step: npt.NDArray[np.int64], provider: npt.NDArray[np.int64]
) -> tuple[Ints, Ints]:
    """Return demand (k, R) and capacity (R,): the columns of each provider, in whole numbers.

    A column that holds all steps at once never binds and is left out.
    """
    demands, capacities = [], []
    for number in range(problem.providers):
        for column in range(problem.demand.shape[1]):
            used = np.where(provider == number, problem.demand[step, column], 0.0).astype(np.int64)
            capacity = int(problem.capacity[number, column])
            if used.sum() <= capacity:
                continue
            grain = int(np.gcd.reduce(used))
            demands.append(used // grain)
            capacities.append(capacity // grain)
    demand = np.array(demands, np.int64).reshape(len(demands), len(step)).T
    return np.ascontiguousarray(demand), np.array(capacities, np.int64)
