"""Improvement of a plan within a budget: simulated annealing, or perturbation with justification.

Pure. The same seed and budget find the same plan on every machine: a budget in seconds is spent
as the number of steps placed in that time on a slow core; the clock only ends a search that takes
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
from tasks.planning.small_plans import MAX_STEPS, improve_small

# Steps timed on lanes in a second; about half of what one core of 2020 does.
_TIMED_PER_SECOND = 40e6
# Steps placed on one kind in a second, likewise.
_PLACED_PER_SECOND = 8e6
# The clock ends the search after so many times the budget, and these seconds for compilation.
_PATIENCE = 4.0
_COMPILATION_SECONDS = 20.0
# The time that importing compiled loops takes.
_IMPORT_SECONDS = 0.5
# Up to so many steps are improved by plain loops where the gain is less than that.
_MAX_SMALL_STEPS = 64
_ROUNDS = 8
# First temperatures of successive rounds, relative to the makespan: near the plan, then further.
_HOT = (0.005, 0.02, 0.005, 0.06)
# The last temperature.
_COLD = 0.0005
# The first temperature of perturbation, relative to the makespan.
_WARMTH = 0.002
# Moves after which little is found, over the square of the number of steps.
_MOVES = 200
# Perturbations, likewise.
_PERTURBATIONS = 10
# Moves of a small graph: on unequal lanes, good plans of few steps are far from each other.
_MIN_MOVES = 300_000


def improve(
    problem: Problem, schedule: Schedule, bound: float, budget_seconds: float, seed: int = 1
) -> Schedule:
    """Return ``schedule``, or a better one of ``problem``, within about ``budget_seconds``.

    ``bound`` is a lower bound in seconds: where it is reached, the search ends.
    """
    generator, target_seconds = ScheduleGenerator.of(problem), bound * (1 + 1e-9)
    if problem.steps <= _few(schedule.makespan - target_seconds):
        return improve_small(
            problem,
            generator.lanes,
            schedule,
            target_seconds,
            budget_seconds=budget_seconds,
            seed=seed,
        )
    search = _ImprovementSearch(generator, target_seconds, budget_seconds, seed)
    best = schedule
    deadline = time.monotonic() + _PATIENCE * budget_seconds + _COMPILATION_SECONDS
    for candidate in search.rounds(schedule):
        best = min(best, candidate, key=lambda schedule: schedule.makespan)
        if best.makespan <= search.target_seconds or time.monotonic() > deadline:
            break
    return best


def _few(gain_seconds: float) -> int:
    """Return the number of steps up to which plain loops are used, to save the import."""
    return MAX_STEPS if gain_seconds > _IMPORT_SECONDS else _MAX_SMALL_STEPS


@dataclass(frozen=True, slots=True)
class _ImprovementSearch:
    generator: ScheduleGenerator
    target_seconds: float
    budget_seconds: float
    seed: int

    def rounds(self, best: Schedule) -> Iterator[Schedule]:
        """Yield the schedule that each round finds, beginning with ``best`` itself."""
        yield best
        lanes = self.generator.lanes
        for number in range(_ROUNDS if self.budget_seconds > 0 and len(best.start) else 0):
            if lanes is None or self.generator.kinds == 1:
                candidate = self._perturbed(best, self.seed + number)
            else:
                candidate = self._annealed(
                    lanes, best, self.seed + number, _HOT[number % len(_HOT)]
                )
            best = min(best, candidate, key=lambda schedule: schedule.makespan)
            yield candidate

    def _annealed(self, lanes: Lanes, schedule: Schedule, seed: int, hot: float) -> Schedule:
        order, lane = schedule.order, lanes_used(lanes, schedule)
        start, end, speed = np.empty(len(order)), np.empty(len(order)), _speeds(lanes)
        moves = self._tries(_TIMED_PER_SECOND, _MOVES, _MIN_MOVES)
        anneal.anneal(
            order, lane, *_graph(self.generator.problem),
            lanes.seconds, lanes.kind, speed, self.target_seconds, hot, _COLD, moves, seed,
            start, end,
        )  # fmt: skip
        return Schedule(lanes.provider[lane], start, end)

    def _perturbed(self, schedule: Schedule, seed: int) -> Schedule:
        problem, lanes, kinds = self.generator.problem, self.generator.lanes, self.generator.kinds
        order, assigned = schedule.order, np.full(problem.steps, -1, np.int32)
        one_each = np.ones(kinds, np.int32), np.arange(kinds, dtype=np.int32)
        count, first = one_each if lanes is None else (lanes.count, lanes.first)
        seconds = problem.seconds if lanes is None else lanes.seconds
        rounds = self._tries(_PLACED_PER_SECOND / kinds, _PERTURBATIONS)
        perturb.perturb(
            order, assigned, *_graph(problem), seconds, problem.demand, problem.capacity,
            count, first, lanes is not None, PIECES if lanes is None else GAPS,
            self.target_seconds, _WARMTH, rounds, seed,
        )  # fmt: skip
        return self.generator.place(order, assigned)

    def _tries(self, placed_per_second: float, most: int, least: int = 0) -> int:
        """Return how many tries fit into a round; a small graph is exhausted sooner."""
        steps = self.generator.problem.steps
        placed = placed_per_second * self.budget_seconds
        return max(1, int(min(placed / steps, max(most * steps**2, least)) / _ROUNDS))


def _graph(problem: Problem) -> tuple[Integers, Integers, Integers, Integers]:
    return problem.needs_start, problem.needs, problem.followers_start, problem.followers


def _speeds(lanes: Lanes) -> Floats:
    """Return the speed of each lane, adding up to one; float64[w]."""
    total = np.sum(lanes.seconds, axis=0, where=np.isfinite(lanes.seconds))
    speed = 1.0 / np.maximum(total, 1e-300)[lanes.kind]
    return np.asarray(speed / speed.sum(), np.float64)
