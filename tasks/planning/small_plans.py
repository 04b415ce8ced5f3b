"""Simulated annealing of a plan of few steps on plain lists, without compiled loops; pure.

The moves are those of ``kernels.anneal``. For a dozen steps, this takes less time than importing
the compiler, and finds as good a plan.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from itertools import pairwise
from random import Random
from typing import Any

import numpy as np

from tasks.planning.core.lanes import Lanes, lanes_used
from tasks.planning.core.problem import Floats, Problem
from tasks.planning.core.schedule import Schedule

MAX_STEPS = 14
"""Above so many steps, compiled loops are worth their import."""
# Steps timed in a second; about half of what one core of 2020 does.
_TIMED_PER_SECOND = 1e6
_ROUNDS = 4
# Moves after which little is found, over the square of the number of steps.
_MOVES = 120
# Where capacities are vectors, a step takes so many times as long to place.
_SLOWER = 4
# Temperatures, as in ``improve``.
_HOT = (0.02, 0.06)
_COLD = 0.0005
# The weight of the time that lanes are held, as in ``kernels.anneal``.
_IDLE = 0.5


def improve_small(
    problem: Problem,
    lanes: Lanes | None,
    schedule: Schedule,
    target_seconds: float,
    *,
    budget_seconds: float,
    seed: int,
) -> Schedule:
    """Return ``schedule`` or a better one; the search ends at ``target_seconds``."""
    most = _MOVES * min(problem.steps, MAX_STEPS) ** 2
    moves = min(most, _TIMED_PER_SECOND * budget_seconds / max(1, problem.steps)) / _ROUNDS
    random = Random(seed)  # noqa: S311 - a search, and no secret
    if lanes is None:
        search: _LaneAnnealing = _vector_annealing(problem, schedule, random)
        moves /= _SLOWER
    else:
        search = _lane_annealing(problem, lanes, schedule, random)
    for number in range(_ROUNDS if moves >= 1 else 0):
        if search.best <= target_seconds:
            break
        search.anneal(int(moves), target_seconds, _HOT[number % len(_HOT)])
    if search.best >= schedule.makespan:
        return schedule
    search.restore()
    search.time()
    provider_of_lane = np.arange(problem.providers) if lanes is None else lanes.provider
    provider = provider_of_lane[np.array(search.lane)].astype(np.int32)
    return Schedule(provider, np.array(search.start), np.array(search.end))


@dataclass(slots=True, kw_only=True)
class _LaneAnnealing:
    """An order of the steps and the lane of each, and the best such pair so far.

    ``seconds`` are by step and lane; ``speed`` is by lane and adds up to one.
    """

    random: Random
    needs: list[list[int]]
    followers: list[list[int]]
    seconds: list[list[float]]
    speed: list[float]
    order: list[int]
    lane: list[int]
    start: list[float]
    end: list[float]
    best: float
    best_order_and_lanes: tuple[list[int], list[int]]

    def restore(self) -> None:
        """Return to the best pair so far."""
        self.order, self.lane = self.best_order_and_lanes[0][:], self.best_order_and_lanes[1][:]

    def time(self) -> float:
        """Start every step as early as its lane and its needs allow; return the cost of that."""
        free = [0.0] * len(self.speed)
        end, lane = self.end, self.lane
        for step in self.order:
            lane_of_step = lane[step]
            ready = free[lane_of_step]
            for need in self.needs[step]:
                ready = max(ready, end[need])
            self.start[step] = ready
            free[lane_of_step] = end[step] = ready + self.seconds[step][lane_of_step]
        weighted_seconds = sum(at * speed for at, speed in zip(free, self.speed, strict=True))
        return max(free) + _IDLE * weighted_seconds

    def anneal(self, moves: int, target_seconds: float, hot: float) -> None:
        """Try that many moves, starting from the best pair so far."""
        self.restore()
        cost = self.time()
        temperature, cooling = hot * self.best, (_COLD / hot) ** (1.0 / moves)
        for _ in range(moves):
            temperature *= cooling
            before = self.order[:], self.lane[:]
            if not self._moved():
                continue
            new_cost = self.time()
            accepted = self.random.random() < math.exp(min(0.0, cost - new_cost) / temperature)
            if not accepted:
                self.order, self.lane = before
                continue
            cost = new_cost
            if (makespan := max(self.end)) < self.best:
                self.best, self.best_order_and_lanes = makespan, (self.order[:], self.lane[:])
                if makespan <= target_seconds:
                    return

    def _moved(self) -> bool:
        """Exchange the lanes of two steps, or move a step; tell whether that is possible."""
        chance, count = self.random.random, len(self.order)
        step = int(chance() * count)
        if chance() < 0.4:  # noqa: PLR2004 - as in kernels.anneal
            return self._exchanged(step, self.order[int(chance() * count)])
        if chance() < 0.7:  # noqa: PLR2004 - as in kernels.anneal
            lane = int(chance() * len(self.speed))
            if self.seconds[step][lane] == math.inf:
                return False
            self.lane[step] = lane
        self._shift(step)
        return True

    def _exchanged(self, step: int, other_step: int) -> bool:
        first, second = self.lane[step], self.lane[other_step]
        if (
            math.inf in {self.seconds[step][second], self.seconds[other_step][first]}
            or first == second
        ):
            return False
        self.lane[step], self.lane[other_step] = second, first
        return True

    def _shift(self, step: int) -> None:
        """Move ``step`` to any place in the order after its needs and before its followers."""
        place = {other: index for index, other in enumerate(self.order)}
        low = max((place[need] + 1 for need in self.needs[step]), default=0)
        high = min((place[other] - 1 for other in self.followers[step]), default=len(place) - 1)
        del self.order[place[step]]
        self.order.insert(low + int(self.random.random() * (high - low + 1)), step)


@dataclass(slots=True, kw_only=True)
class _VectorAnnealing(_LaneAnnealing):
    """The same where a lane is a provider that runs several steps at a time, by their demands."""

    demand: list[list[float]]
    capacity: list[list[float]]
    steps_on: list[list[int]] = field(default_factory=list)

    def time(self) -> float:
        """Start every step in its earliest gap."""
        self.steps_on = [[] for _ in self.capacity]
        free = [0.0] * len(self.speed)
        for step in self.order:
            lane_of_step = self.lane[step]
            ready = max((self.end[need] for need in self.needs[step]), default=0.0)
            duration = self.seconds[step][lane_of_step]
            self.start[step] = begin = self._earliest(step, lane_of_step, ready, duration)
            self.end[step] = begin + duration
            if duration:
                self.steps_on[lane_of_step].append(step)
            free[lane_of_step] = max(free[lane_of_step], begin + duration)
        weighted_seconds = sum(at * speed for at, speed in zip(free, self.speed, strict=True))
        return max(free) + _IDLE * weighted_seconds

    def _earliest(self, step: int, provider: int, ready: float, duration: float) -> float:
        steps = self.steps_on[provider]
        moments = sorted({ready, *(end for n in steps if (end := self.end[n]) > ready)})
        return next(
            moment for moment in moments if self._fits(step, provider, moment, moment + duration)
        )

    def _fits(self, step: int, provider: int, begin: float, end: float) -> bool:
        concurrent = [
            n for n in self.steps_on[provider] if self.start[n] < end and self.end[n] > begin
        ]
        starts = [begin, *(self.start[n] for n in concurrent if self.start[n] > begin)]
        for moment in starts:
            demands = [self.demand[n] for n in concurrent if self.start[n] <= moment < self.end[n]]
            for column, demanded in enumerate(self.demand[step]):
                if sum(row[column] for row in demands) + demanded > self.capacity[provider][column]:
                    return False
        return True


def _lane_annealing(
    problem: Problem, lanes: Lanes, schedule: Schedule, random: Random
) -> _LaneAnnealing:
    lane, seconds = lanes_used(lanes, schedule).tolist(), lanes.seconds[:, lanes.kind]
    return _LaneAnnealing(lane=lane, random=random, **_common(problem, schedule, seconds, lane))


def _vector_annealing(problem: Problem, schedule: Schedule, random: Random) -> _VectorAnnealing:
    lane = schedule.provider.tolist()
    return _VectorAnnealing(
        lane=lane,
        random=random,
        demand=problem.demand.tolist(),
        capacity=problem.capacity.tolist(),
        **_common(problem, schedule, problem.seconds, lane),
    )


def _common(
    problem: Problem, schedule: Schedule, seconds: Floats, lane: list[int]
) -> dict[str, Any]:
    total = np.where(np.isfinite(seconds), seconds, 0.0).sum(axis=0)
    # A lane where nothing may run does not count.
    speed = np.where(total > 0, 1.0 / np.maximum(total, 1e-300), 0.0)
    order = schedule.order.tolist()
    return {
        "needs": _rows(problem.needs_start.tolist(), problem.needs.tolist()),
        "followers": _rows(problem.followers_start.tolist(), problem.followers.tolist()),
        "seconds": seconds.tolist(),
        "speed": (speed / max(speed.sum(), 1e-300)).tolist(),
        "order": order,
        "start": schedule.start.tolist(),
        "end": schedule.end.tolist(),
        "best": schedule.makespan,
        "best_order_and_lanes": (order[:], lane[:]),
    }


def _rows(starts: list[int], flat: list[int]) -> list[list[int]]:
    return [flat[begin:end] for begin, end in pairwise(starts)]
