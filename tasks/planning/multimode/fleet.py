"""Conversion of steps on a fleet of unequal, priced providers to a multi-mode problem; pure.

Each provider of a step is a mode with its duration, demand and cost. Seconds become ticks and
money becomes units, rounded up; the schedule's order is then timed again with the exact
durations, so that rounding never makes a plan longer.
"""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

from tasks.errors import BadInputError
from tasks.planning.core.problem import Floats, Problem
from tasks.planning.multimode.bound import min_makespan
from tasks.planning.multimode.problem import Ints, ModeProblem, ModeSchedule, Objective

_TICKS = 400  # at least so many in a schedule: more gain little, and take longer
_MIN_TICK_SECONDS = 1e-9
_UNITS = 1_000_000  # the cost of the dearest choice of providers, in units
_Z90 = NormalDist().inv_cdf(0.9)


@dataclass(frozen=True, slots=True)
class WeightedGoal:
    """The goal of a plan: the least ``time`` x seconds + ``money`` x cost, within limits.

    Attributes:
        time: The weight of a second of the makespan.
        money: The weight of a unit of money; 0: cost does not matter below ``budget``.
        budget: The highest cost allowed.
        deadline_seconds: The latest end of the plan.
    """

    time: float = 1.0
    money: float = 0.0
    budget: float | None = None
    deadline_seconds: float | None = None


@dataclass(frozen=True, slots=True, eq=False)
class FleetModes:
    """A multi-mode problem and the meaning of its numbers.

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
    """Return durations that each hold with ``probability``, log-normal through p50 and p90.

    A plan made with them keeps its deadline with a higher probability where steps follow each
    other, since not all of them are late at once; with a lower one where many run in parallel.
    """
    z = NormalDist().inv_cdf(probability)
    ratio = np.maximum(p90, p50) / np.maximum(p50, 1e-12)
    return np.asarray(p50 * ratio ** (z / _Z90))


def fleet_modes(
    problem: Problem, goal: WeightedGoal | None = None, costs: Floats | None = None
) -> FleetModes:
    """Return ``problem`` with one mode for each provider that may run a step.

    ``costs`` is float64[n, p], the cost of a step on a provider; None: its seconds x the price.

    Raises:
        BadInputError: a weight, the budget or the deadline is negative.
    """
    goal = goal or WeightedGoal()
    for name in ("time", "money", "budget", "deadline_seconds"):
        if (value := getattr(goal, name)) is not None and value < 0:
            raise BadInputError(name, value, "is negative", "give 0 or more")
    total = float(problem.seconds.min(axis=1).sum())
    coarse = _in_ticks(problem, goal, costs, max(total / _TICKS, _MIN_TICK_SECONDS))
    # The more steps run in parallel, the shorter is the schedule, and the finer a tick has to be.
    tick_seconds = coarse.tick_seconds * min_makespan(coarse.problem) / _TICKS
    return _in_ticks(problem, goal, costs, max(tick_seconds, _MIN_TICK_SECONDS))


def _in_ticks(
    problem: Problem, goal: WeightedGoal, costs: Floats | None, tick: float
) -> FleetModes:
    step, provider = np.nonzero(np.isfinite(problem.seconds))
    seconds = problem.seconds[step, provider]
    cost = seconds * problem.price[provider] if costs is None else costs[step, provider]
    starts = np.searchsorted(step, np.arange(problem.steps + 1))
    unit = max(float(np.maximum.reduceat(cost, starts[:-1]).sum()) / _UNITS, 1e-12)
    demand, capacity = _resources(problem, step, provider)
    limit = _UNITS * 2 if goal.budget is None else int(goal.budget / unit + 1e-6)
    deadline = None if goal.deadline_seconds is None else int(goal.deadline_seconds / tick + 1e-6)
    modes = ModeProblem(
        needs_at=problem.needs_start.astype(np.int64),
        needs=problem.needs.astype(np.int64),
        modes_at=starts.astype(np.int64),
        duration=np.ceil(seconds / tick - 1e-6).astype(np.int64),
        demand=demand,
        consumption=np.ceil(cost[:, None] / unit - 1e-6).astype(np.int64),
        capacity=capacity,
        budget=np.array([limit], np.int64),
        objective=_objective(goal, tick, unit, deadline),
    )
    return FleetModes(modes, provider.astype(np.int64), seconds, cost, tick, unit)


def timed_schedule(modes: FleetModes, schedule: ModeSchedule) -> TimedSchedule:
    """Return ``schedule`` in seconds: each step starts once all steps that ended before it end."""
    ends_tick = schedule.start + modes.problem.duration[schedule.mode]
    seconds = modes.seconds[schedule.mode]
    start, end = np.zeros(len(seconds)), np.zeros(len(seconds))
    order = np.lexsort((np.arange(len(seconds)), ends_tick, schedule.start))
    for place, job in enumerate(order):
        before = order[:place]
        before = before[ends_tick[before] <= schedule.start[job]]
        start[job] = end[before].max(initial=0.0)
        end[job] = start[job] + seconds[job]
    mode = schedule.mode
    return TimedSchedule(modes.provider[mode], start, end, float(modes.cost[mode].sum()))


def _objective(goal: WeightedGoal, tick: float, unit: float, deadline: int | None) -> Objective:
    """Return integer weights in the proportion of the goal, to one part in a thousand."""
    time, money = goal.time * tick, goal.money * unit
    if not money:
        return Objective(1, (), deadline)
    if not time:
        return Objective(0, (1,), deadline)
    scale = (
        1000 / min(time, money)
        if max(time, money) < 1000 * min(time, money)
        else 1 / min(time, money)
    )
    return Objective(max(1, round(time * scale)), (max(1, round(money * scale)),), deadline)


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
