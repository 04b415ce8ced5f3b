"""Plans steps that may run in several modes, within a time budget: ``solve_modes``. Pure.

A population search runs in this thread; beside it, where OR-Tools is installed, CP-SAT proves or
improves the best schedule so far, whole where the problem is small, else window by window.
"""

from __future__ import annotations

import time
from dataclasses import replace
from threading import Lock, Thread

import numpy as np

from tasks.errors import SlipwayError
from tasks.planning.multimode import exact
from tasks.planning.multimode.bound import least_makespan, least_value
from tasks.planning.multimode.problem import ModeProblem, ModeSchedule, violations
from tasks.planning.multimode.search import PopulationSearch, size_for
from tasks.planning.multimode.windows import window

_WHOLE = 70  # modes up to which CP-SAT takes the whole problem
_SLICE_SECONDS = 0.02  # how often the two threads look at each other's best
_WINDOW_SECONDS = 0.4
_TRIAL = 0.04  # of the time, to measure how many children there is time for
_FIRST_CHILDREN = 400  # made before the threads race, so that easy problems end the same way
_BUILD_SECONDS = 0.02  # CP-SAT is not asked for less


class _SharedState:
    """What the two threads share: the best schedule, the bound and whether to go on."""

    def __init__(self, problem: ModeProblem, bound: int, ends: float) -> None:
        self.problem, self.bound, self.ends = problem, bound, ends
        self._lock = Lock()
        self.best: ModeSchedule | None = None
        self.value = 0
        self.proven = False
        self.running: exact.SolverModel | None = None

    @property
    def left(self) -> float:
        """Seconds that are left."""
        return self.ends - time.monotonic()

    @property
    def over(self) -> bool:
        """Whether to stop: out of time, or nothing better exists."""
        return self.proven or self.left <= 0

    def offer(self, schedule: ModeSchedule) -> bool:
        """Take ``schedule``, which breaks nothing, where it is the best so far; tell whether."""
        value = self.problem.value(schedule)
        with self._lock:
            if self.best is not None and value >= self.value:
                return False
            self.best, self.value = schedule, value
            self.proven = self.proven or value <= self.bound
            return True

    def learn(self, bound: int) -> None:
        """Take a lower bound."""
        with self._lock:
            self.bound = max(self.bound, min(bound, self.value))
            self.proven = self.proven or self.value <= self.bound

    def interrupt(self) -> None:
        """Stop what CP-SAT searches: there is a better schedule to start from, or none at all."""
        if (running := self.running) is not None:
            running.stop()


def solve_modes(
    problem: ModeProblem,
    budget_seconds: float = 2.0,
    seed: int = 0,
    *,
    known: ModeSchedule | None = None,
    use_exact: bool = True,
) -> ModeSchedule:
    """Return the best schedule found in ``budget_seconds``, or sooner where it is proven best.

    A ``known`` schedule, which must break nothing, is where the search begins.

    Raises:
        SlipwayError: no schedule within the budgets and the deadline was found.
    """
    ends = time.monotonic() + budget_seconds
    race = _SharedState(problem, least_value(problem, least_makespan(problem)), ends)
    use_exact = use_exact and exact.available()
    if known is not None:
        race.offer(known)
    search = _founded(problem, race, seed, use_exact=use_exact)
    prover = Thread(target=_prove, args=(race, seed), daemon=True)
    if use_exact and not race.over:
        prover.start()
    _breed(search, race, seed)
    if prover.ident is not None:
        prover.join()
    return _checked(problem, race, use_exact=use_exact)


def _founded(
    problem: ModeProblem, race: _SharedState, seed: int, *, use_exact: bool
) -> PopulationSearch:
    """Return a small population bred for a moment, which solves what is easy."""
    search = PopulationSearch(problem, seed, ends=race.ends)
    if race.best is not None:
        search.take(race.best)
    elif not search.feasible and use_exact:
        mode = exact.modes_within(problem, max(0.1, race.left / 2))
        if mode is not None:
            search.take_modes(mode)
    for _ in range(_FIRST_CHILDREN // 5):
        if race.over:
            break
        search.advance(5)
        if search.feasible:
            race.offer(search.best())
    search.polish()
    if search.feasible:
        race.offer(search.best())
    return search


def _checked(problem: ModeProblem, race: _SharedState, *, use_exact: bool) -> ModeSchedule:
    if race.best is None:
        raise SlipwayError("no schedule was found that keeps within the budgets and the deadline")
    skipped = () if use_exact else ("CP-SAT was skipped: the extra 'exact' is not installed",)
    made = replace(race.best, bound=race.bound, notes=skipped)
    if wrong := violations(problem, made):
        raise SlipwayError(f"the schedule does not hold: {'; '.join(wrong[:5])}")
    return made


def _breed(search: PopulationSearch, race: _SharedState, seed: int) -> None:
    """Advance a population until the race is over.

    After a while, when it is known how many children there is time for, a population of the size
    for that takes over; one that has converged is founded anew.
    """
    began, made, generation = time.monotonic(), 0, 0
    trial = race.left * _TRIAL
    while not race.over:
        lasted = time.monotonic() - began
        children = max(10, min(made, int(made * _SLICE_SECONDS / max(lasted, 1e-6))))
        search.advance(children)
        made += children
        _exchange(search, race)
        if search.converged or (not generation and lasted > trial):
            generation += 1
            size = size_for(made / max(lasted, 1e-6) * race.left)
            search = PopulationSearch(race.problem, seed + generation, size, race.ends)
    race.interrupt()


def _exchange(search: PopulationSearch, race: _SharedState) -> None:
    """Give the race what is better here, or take from it what is better there."""
    if race.best is not None and race.value < search.value:
        search.take(race.best)
    elif search.feasible and (race.best is None or search.value < race.value):
        search.polish()
        if race.offer(search.best()):
            race.interrupt()


def _prove(race: _SharedState, seed: int) -> None:
    """Let CP-SAT improve the best schedule so far until the race is over."""
    random = np.random.default_rng(seed)
    size = 20.0
    while not race.over and race.left > _BUILD_SECONDS:
        known = race.best
        if known is None:
            time.sleep(_SLICE_SECONDS)
            continue
        whole = len(race.problem.duration) <= _WHOLE
        free = np.ones(race.problem.jobs, bool)
        if not whole:
            free = window(race.problem, known, int(size), random)
        model = exact.SolverModel(race.problem, known, free)
        race.running = model
        allowed = race.left if whole else min(race.left, _WINDOW_SECONDS)
        answer = model.solve(allowed, int(random.integers(2**31)))
        race.running = None
        if answer.schedule is not None:
            race.offer(answer.schedule)
        if whole or free.all():
            race.learn(answer.bound)
        size = min(race.problem.jobs, size * 1.03) if answer.closed else max(6.0, size * 0.9)
