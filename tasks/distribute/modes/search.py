"""A population search that can be advanced step by step, and asked for its best. Pure.

Deterministic for a seed and a number of children; what limits them is up to the caller.
"""

from __future__ import annotations

import numpy as np

from tasks.distribute.modes.bound import tails
from tasks.distribute.modes.packing import packed
from tasks.distribute.modes.problem import Ints, ModeProblem, ModeSchedule, schedule_of

_LEAST, _MOST = 60, 600
_CHILDREN_EACH = 250  # about so many children an individual, then a population has converged


def size_for(children: float) -> int:
    """Return the size of a population that has time for so many children."""
    return int(min(_MOST, max(_LEAST, children / _CHILDREN_EACH)))


def warm_up() -> None:
    """Compile the kernels, or load them: tens of seconds after an installation, then one."""
    one, none = np.ones((2, 1), np.int64), np.zeros(0, np.int64)
    at = np.arange(2, dtype=np.int64)
    search = Search(ModeProblem(at * 0, none, at * 2, one[:, 0], one, one, one[0], one[0]), 0)
    search.advance(1)
    search.polish()


class Search:
    """A population of schedules of one problem."""

    def __init__(self, problem: ModeProblem, seed: int, size: int = _LEAST) -> None:
        """Found the population; ``size`` individuals, about 0.05 ms each for 100 jobs."""
        from tasks.distribute.modes import (  # noqa: PLC0415 - slow to load, for plans only
            generation,
            population,
        )

        self._kernels = population
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
        population.found(self._packed, tails(problem), self._people, self._desk)

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
        self._kernels.polish(self._packed, self._people, self._desk, index)

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
        value = self._kernels.born(self._packed, self._desk)
        self._kernels.settle(self._people, index, self._desk, value)
