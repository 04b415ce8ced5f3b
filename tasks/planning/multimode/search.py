"""A population search that is advanced step by step and returns its best schedule; pure.

Deterministic for a seed and a number of children, which the caller limits.
"""

from __future__ import annotations

import time
from math import inf

import numpy as np
import numpy.typing as npt

from tasks.planning.multimode.bound import tails
from tasks.planning.multimode.packing import pack
from tasks.planning.multimode.problem import Ints, ModeProblem, ModeSchedule, schedule_of

Floats = npt.NDArray[np.float64]

# The smallest and the largest population.
_MIN_POPULATION = 60
_MAX_POPULATION = 600
_CHILDREN_EACH = 250  # after about so many children an individual, a population has converged
_TRIALS = 20_000  # placements that one polishing may take


def size_for(children: float) -> int:
    """Return the size of a population that has time for so many children."""
    return int(min(_MAX_POPULATION, max(_MIN_POPULATION, children / _CHILDREN_EACH)))


def shortest_modes(problem: ModeProblem) -> Ints:
    """Return the mode of each job with the least duration and, of equals, the least consumption."""
    return _least(problem, problem.duration, _share(problem))


def cheapest_modes(problem: ModeProblem) -> Ints:
    """Return the mode of each job with the least price or, without prices, the least consumption."""
    price = problem.price() if problem.objective.priced else _share(problem)
    return _least(problem, price, problem.duration)


def _share(problem: ModeProblem) -> Floats:
    return np.asarray((problem.consumption / np.maximum(1, problem.budget)).sum(axis=1))


def _least(problem: ModeProblem, key: Ints | Floats, tie_break: Ints | Floats) -> Ints:
    """Return for each job the fitting mode with the least ``key`` and, of equals, ``tie_break``."""
    job = np.repeat(np.arange(problem.jobs), np.diff(problem.modes_at))
    unfit = (problem.demand > problem.capacity).any(axis=1)
    return np.asarray(np.lexsort((tie_break, key, unfit, job))[problem.modes_at[:-1]])


def warm_up() -> None:
    """Compile the kernels, or load them: tens of seconds after an installation, then one."""
    ones, nothing = np.ones((2, 1), np.int64), np.zeros(0, np.int64)
    at = np.arange(2, dtype=np.int64)
    search = PopulationSearch(
        ModeProblem(at * 0, nothing, at * 2, ones[:, 0], ones, ones, ones[0], ones[0]), 0
    )
    search.advance(1)
    search.polish()


class PopulationSearch:
    """A population of schedules of one problem."""

    def __init__(
        self, problem: ModeProblem, seed: int, size: int = _MIN_POPULATION, deadline: float = inf
    ) -> None:
        """Create a population of ``size``, or smaller at ``deadline`` (monotonic clock).

        The first individuals are parallel schedules by simple priority rules, in the shortest and
        in the cheapest modes, so that the result is never worse than these rules.
        """
        from tasks.planning.multimode import generation, population  # noqa: PLC0415 - numba takes a second

        self._kernels, self._parallel = population, generation.parallel
        self.problem, self._packed = problem, pack(problem)
        shape = (size, problem.jobs)
        self._population = population.Population(
            np.zeros(shape, np.int64),
            np.zeros(shape, np.int64),
            np.zeros(shape, np.int64),
            np.zeros(size, np.int64),
        )
        # Any state but zero will do, and those of near seeds should lie apart.
        random_state = np.random.default_rng(seed).integers(1, 2**62, 1, dtype=np.int64)
        self._workspace = generation.new_workspace(self._packed, random_state)
        tail = tails(problem)
        rules = [
            (np.arange(problem.jobs), shortest_modes(problem)),
            (-tail, shortest_modes(problem)),
        ]
        if problem.objective.priced or len(problem.budget):
            rules.append((-tail, cheapest_modes(problem)))
        for index, (urgency, mode) in enumerate(rules):
            self._dispatch(index, urgency, mode)
        for index in range(len(rules), size):
            if time.monotonic() > deadline:
                self._population = population.Population(
                    *(part[:index] for part in self._population)
                )
                break
            population.immigrate(self._packed, tail, self._population, self._workspace, index)

    def _dispatch(self, index: int, urgency: Ints, mode: Ints) -> None:
        """Create an individual by parallel schedule generation, the lowest ``urgency`` first."""
        workspace = self._workspace
        workspace.order[:], workspace.mode[:] = np.argsort(urgency, kind="stable"), mode
        self._parallel(self._packed, workspace)
        workspace.order[:] = np.lexsort((np.arange(len(mode)), workspace.start))
        value = self._kernels.evaluate_child(self._packed, workspace, 0)
        self._kernels.replace_individual(self._population, index, workspace, value)

    @property
    def value(self) -> int:
        """The best value so far, with penalties where it breaks a budget or the deadline."""
        return int(self._population.value.min())

    @property
    def feasible(self) -> bool:
        """Whether the best one breaks neither a budget nor the deadline."""
        return self.value < self._packed.penalty

    @property
    def converged(self) -> bool:
        """Whether all individuals have the same value, so that crossing them is of little use."""
        return bool(self._population.value.min() == self._population.value.max())

    def advance(self, children: int) -> None:
        """Breed that many children."""
        self._kernels.breed(self._packed, self._population, self._workspace, children)

    def polish(self) -> None:
        """Try single changes of modes on the best individual."""
        index = int(self._population.value.argmin())
        trials = _TRIALS // self.problem.jobs
        self._kernels.polish(self._packed, self._population, self._workspace, index, trials)

    def best(self) -> ModeSchedule:
        """Return the best schedule so far; it may exceed a budget where ``value`` is penalised."""
        index = int(self._population.value.argmin())
        population = self._population
        return schedule_of(
            self.problem, population.start[index].copy(), population.mode[index].copy()
        )

    def take(self, schedule: ModeSchedule) -> None:
        """Replace the worst individual by a feasible schedule found elsewhere."""
        index = int(self._population.value.argmax())
        population = self._population
        population.order[index] = np.lexsort((np.arange(self.problem.jobs), schedule.start))
        population.mode[index] = schedule.mode
        population.start[index] = schedule.start
        population.value[index] = self.problem.value(schedule)

    def take_modes(self, mode: Ints) -> None:
        """Give the worst individual these modes, which keep within the budgets."""
        index = int(self._population.value.argmax())
        self._workspace.order[:], self._workspace.mode[:] = self._population.order[index], mode
        value = self._kernels.evaluate_child(self._packed, self._workspace, 0)
        self._kernels.replace_individual(self._population, index, self._workspace, value)
