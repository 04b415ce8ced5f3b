"""A better plan within a budget, from any plan: annealing, or perturbation with justification.

Pure. What the same seed and budget find is the same on every machine: a budget in seconds is
spent as the number of steps placed in that time on a slow core; the clock only ends what takes
far longer than that.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from tasks.planning.construct import GAPS, PIECES, ScheduleGenerator
from tasks.planning.core.lanes import Lanes, lanes_used
from tasks.planning.core.problem import Floats, Integers, Problem
from tasks.planning.core.schedule import Schedule
from tasks.planning.kernels import anneal, perturb
from tasks.planning.small_plans import MOST_STEPS, improve_small

# Steps timed, and placed on one kind, in a second; about half of what one core of 2020 does.
_TIMED, _PLACED = 40e6, 8e6
# The clock ends it after so many times the budget, and so many seconds for what is compiled.
_PATIENCE, _COMPILED_SECONDS = 4.0, 20.0
# What importing compiled loops takes, and up to how many steps plain ones do for less than that.
_IMPORT_SECONDS, _MOST_STEPS_FOR_LITTLE = 0.5, 64
_ROUNDS = 8
# Temperatures of successive rounds, in parts of the makespan: near the plan, then further away.
_HOT = (0.005, 0.02, 0.005, 0.06)
_COLD = 0.0005
_WARMTH = 0.002
# Times the square of the number of steps: moves and perturbations after which little is found.
_MOVES, _PERTURBED = 200, 10
# Moves of a small graph: on unequal lanes, good plans of few steps are far from each other.
_LEAST_MOVES = 300_000


def improve(
    problem: Problem, schedule: Schedule, bound: float, budget_seconds: float, seed: int = 1
) -> Schedule:
    """Return ``schedule``, or a better one of ``problem``, within about ``budget_seconds``.

    ``bound`` is a lower bound in seconds: where it is reached, nothing more is tried.
    """
    build, enough = ScheduleGenerator.of(problem), bound * (1 + 1e-9)
    if problem.steps <= _few(schedule.makespan - enough):
        return improve_small(
            problem, build.lanes, schedule, enough, budget_seconds=budget_seconds, seed=seed
        )
    search = _ImprovementSearch(build, enough, budget_seconds, seed)
    best = schedule
    deadline = time.monotonic() + _PATIENCE * budget_seconds + _COMPILED_SECONDS
    for found in search.rounds(schedule):
        best = min(best, found, key=lambda item: item.makespan)
        if best.makespan <= search.enough or time.monotonic() > deadline:
            break
    return best


def _few(gain_seconds: float) -> int:
    """Return up to how many steps compiled loops gain less than the time their import takes."""
    return MOST_STEPS if gain_seconds > _IMPORT_SECONDS else _MOST_STEPS_FOR_LITTLE


@dataclass(frozen=True, slots=True)
class _ImprovementSearch:
    build: ScheduleGenerator
    enough: float
    budget_seconds: float
    seed: int

    def rounds(self, best: Schedule) -> Iterator[Schedule]:
        """Yield what each round finds, beginning with ``best`` itself."""
        yield best
        lanes = self.build.lanes
        for number in range(_ROUNDS if self.budget_seconds > 0 and len(best.start) else 0):
            if lanes is None or self.build.kinds == 1:
                found = self._perturbed(best, self.seed + number)
            else:
                found = self._annealed(lanes, best, self.seed + number, _HOT[number % len(_HOT)])
            best = min(best, found, key=lambda item: item.makespan)
            yield found

    def _annealed(self, lanes: Lanes, schedule: Schedule, seed: int, hot: float) -> Schedule:
        order, lane = schedule.order, lanes_used(lanes, schedule)
        start, end, speed = np.empty(len(order)), np.empty(len(order)), _speeds(lanes)
        anneal.anneal(
            *(order, lane, *_graph(self.build.problem)),
            *(lanes.seconds, lanes.kind, speed, self.enough, hot, _COLD),
            *(self._tries(_TIMED, _MOVES, _LEAST_MOVES), seed, start, end),
        )
        return Schedule(lanes.provider[lane], start, end)

    def _perturbed(self, schedule: Schedule, seed: int) -> Schedule:
        problem, lanes, kinds = self.build.problem, self.build.lanes, self.build.kinds
        order, assigned = schedule.order, np.full(problem.steps, -1, np.int32)
        one_each = np.ones(kinds, np.int32), np.arange(kinds, dtype=np.int32)
        count, first = one_each if lanes is None else (lanes.count, lanes.first)
        seconds = problem.seconds if lanes is None else lanes.seconds
        rounds = self._tries(_PLACED / kinds, _PERTURBED)
        perturb.perturb(
            *(order, assigned, *_graph(problem), seconds, problem.demand, problem.capacity),
            count, first, lanes is not None, PIECES if lanes is None else GAPS,
            self.enough, _WARMTH, rounds, seed,
        )  # fmt: skip
        return self.build.place(order, assigned)

    def _tries(self, placed_per_second: float, most: int, least: int = 0) -> int:
        """Return how many tries fit into a round; a small graph has been seen sooner."""
        steps = self.build.problem.steps
        placed = placed_per_second * self.budget_seconds
        return max(1, int(min(placed / steps, max(most * steps**2, least)) / _ROUNDS))


def _graph(problem: Problem) -> tuple[Integers, Integers, Integers, Integers]:
    return problem.needs_start, problem.needs, problem.followers_start, problem.followers


def _speeds(lanes: Lanes) -> Floats:
    """Return how fast each lane is, adding up to one; float64[w]."""
    total = np.sum(lanes.seconds, axis=0, where=np.isfinite(lanes.seconds))
    speed = 1.0 / np.maximum(total, 1e-300)[lanes.kind]
    return np.asarray(speed / speed.sum(), np.float64)
