"""A population search that can be advanced step by step, and asked for its best. Pure.

Deterministic for a seed and a number of children; what limits them is up to the caller.
"""

from __future__ import annotations

import time
from math import inf

import numpy as np
import numpy.typing as npt

from tasks.planning.multimode.bound import tails
from tasks.planning.multimode.packing import packed
from tasks.planning.multimode.problem import Ints, ModeProblem, ModeSchedule, schedule_of

Floats = npt.NDArray[np.float64]

_LEAST, _MOST = 60, 600
_CHILDREN_EACH = 250  # about so many children an individual, then a population has converged
_TRIALS = 20_000  # placements that single changes of modes may take at a time


def size_for(children: float) -> int:
    """Return the size of a population that has time for so many children."""
    return int(min(_MOST, max(_LEAST, children / _CHILDREN_EACH)))


def shortest_modes(problem: ModeProblem) -> Ints:
    """Return the mode of each job that takes least time and, of equals, least of the budgets."""
    return _least(problem, problem.duration, _share(problem))


def cheapest_modes(problem: ModeProblem) -> Ints:
    """Return the mode of each job that costs least, or takes least of the budgets."""
    price = problem.price() if problem.objective.priced else _share(problem)
    return _least(problem, price, problem.duration)


def _share(problem: ModeProblem) -> Floats:
    return np.asarray((problem.consumption / np.maximum(1, problem.budget)).sum(axis=1))


def _least(problem: ModeProblem, first: Ints | Floats, then: Ints | Floats) -> Ints:
    """Return for each job the mode, of those that fit, with the least values."""
    job = np.repeat(np.arange(problem.jobs), np.diff(problem.modes_at))
    unfit = (problem.demand > problem.capacity).any(axis=1)
    return np.asarray(np.lexsort((then, first, unfit, job))[problem.modes_at[:-1]])


def warm_up() -> None:
    """Compile the kernels, or load them: tens of seconds after an installation, then one."""
    one, none = np.ones((2, 1), np.int64), np.zeros(0, np.int64)
    at = np.arange(2, dtype=np.int64)
    search = PopulationSearch(
        ModeProblem(at * 0, none, at * 2, one[:, 0], one, one, one[0], one[0]), 0
    )
    search.advance(1)
    search.polish()


class PopulationSearch:
    """A population of schedules of one problem."""

    def __init__(
        self, problem: ModeProblem, seed: int, size: int = _LEAST, ends: float = inf
    ) -> None:
        """Found a population of ``size``, or of what is made before ``ends`` (monotonic clock).

        Its first ones start whatever is ready and fits, in the order of the jobs and by what
        follows them, in the shortest and in the cheapest modes, so that nothing is ever worse
        than these plain rules.
        """
        from tasks.planning.multimode import generation, population  # noqa: PLC0415 - numba takes a second

        self._kernels, self._parallel = population, generation.parallel
        self.problem, self._packed = problem, packed(problem)
        shape = (size, problem.jobs)
        self._people = population.Population(
            np.zeros(shape, np.int64),
            np.zeros(shape, np.int64),
            np.zeros(shape, np.int64),
            np.zeros(size, np.int64),
        )
        # Any state but zero will do, and those of near seeds should lie apart.
        state = np.random.default_rng(seed).integers(1, 2**62, 1, dtype=np.int64)
        self._desk = generation.desk(self._packed, state)
        tail = tails(problem)
        plain = [
            (np.arange(problem.jobs), shortest_modes(problem)),
            (-tail, shortest_modes(problem)),
        ]
        if problem.objective.priced or len(problem.budget):
            plain.append((-tail, cheapest_modes(problem)))
        for one, (urgency, mode) in enumerate(plain):
            self._dispatch(one, urgency, mode)
        for one in range(len(plain), size):
            if time.monotonic() > ends:
                self._people = population.Population(*(part[:one] for part in self._people))
                break
            population.immigrate(self._packed, tail, self._people, self._desk, one)

    def _dispatch(self, one: int, urgency: Ints, mode: Ints) -> None:
        """Fill a place by parallel schedule generation, the lowest ``urgency`` first."""
        desk = self._desk
        desk.order[:], desk.mode[:] = np.argsort(urgency, kind="stable"), mode
        self._parallel(self._packed, desk)
        desk.order[:] = np.lexsort((np.arange(len(mode)), desk.start))
        value = self._kernels.evaluate_child(self._packed, desk, 0)
        self._kernels.replace_individual(self._people, one, desk, value)

    @property
    def value(self) -> int:
        """The best value so far, with penalties where it breaks a budget or the deadline."""
        return int(self._people.value.min())

    @property
    def feasible(self) -> bool:
        """Whether the best one breaks neither a budget nor the deadline."""
        return self.value < self._packed.penalty

    @property
    def converged(self) -> bool:
        """Whether all individuals are equally good, so that little will come of crossing them."""
        return bool(self._people.value.min() == self._people.value.max())

    def advance(self, children: int) -> None:
        """Make that many children."""
        self._kernels.breed(self._packed, self._people, self._desk, children)

    def polish(self) -> None:
        """Try single changes of modes on the best individual."""
        index = int(self._people.value.argmin())
        trials = _TRIALS // self.problem.jobs
        self._kernels.polish(self._packed, self._people, self._desk, index, trials)

    def best(self) -> ModeSchedule:
        """Return the best schedule so far; it may break a budget where ``value`` is penalised."""
        index = int(self._people.value.argmin())
        people = self._people
        return schedule_of(self.problem, people.start[index].copy(), people.mode[index].copy())

    def take(self, schedule: ModeSchedule) -> None:
        """Put a schedule found elsewhere, which breaks nothing, in place of the worst one."""
        index = int(self._people.value.argmax())
        people = self._people
        people.order[index] = np.lexsort((np.arange(self.problem.jobs), schedule.start))
        people.mode[index] = schedule.mode
        people.start[index] = schedule.start
        people.value[index] = self.problem.value(schedule)

    def take_modes(self, mode: Ints) -> None:
        """Let the worst individual run in these modes, which keep within the budgets."""
        index = int(self._people.value.argmax())
        self._desk.order[:], self._desk.mode[:] = self._people.order[index], mode
        value = self._kernels.evaluate_child(self._packed, self._desk, 0)
        self._kernels.replace_individual(self._people, index, self._desk, value)
