"""The multi-mode search within a time budget, by a population and CP-SAT in parallel; pure.

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
from tasks.planning.multimode.bound import min_makespan, min_value
from tasks.planning.multimode.problem import ModeProblem, ModeSchedule, violations
from tasks.planning.multimode.search import PopulationSearch, size_for
from tasks.planning.multimode.windows import window

_WHOLE = 70  # modes up to which CP-SAT takes the whole problem
_SLICE_SECONDS = 0.02  # the interval at which the two threads exchange their best schedules
_WINDOW_SECONDS = 0.4
_TRIAL = 0.04  # of the time, to measure how many children can be bred
_FIRST_CHILDREN = 400  # bred before the second thread starts, so that easy problems end alike
_BUILD_SECONDS = 0.02  # CP-SAT is not started for less


class _SharedState:
    """The state that the two threads share: the incumbent, the bound and whether to go on."""

    def __init__(self, problem: ModeProblem, bound: int, deadline_time: float) -> None:
        self.problem = problem
        self.bound = bound
        self.deadline_time = deadline_time
        self._lock = Lock()
        self.best: ModeSchedule | None = None
        self.value = 0
        self.proven = False
        self.solver: exact.SolverModel | None = None

    @property
    def seconds_left(self) -> float:
        """The seconds until the deadline."""
        return self.deadline_time - time.monotonic()

    @property
    def over(self) -> bool:
        """Whether to stop: there is no time left, or the incumbent is proven optimal."""
        return self.proven or self.seconds_left <= 0

    def offer(self, schedule: ModeSchedule) -> bool:
        """Take ``schedule``, which is feasible, if it is the best so far; tell whether it is."""
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
        """Stop the search of CP-SAT: there is a better incumbent, or the search is over."""
        if (solver := self.solver) is not None:
            solver.stop()


def solve_modes(
    problem: ModeProblem,
    budget_seconds: float = 2.0,
    seed: int = 0,
    *,
    initial: ModeSchedule | None = None,
    use_exact: bool = True,
) -> ModeSchedule:
    """Return the best schedule found in ``budget_seconds``, or sooner where it is proven best.

    The search begins with the ``initial`` schedule, which must be feasible.

    Raises:
        SlipwayError: no schedule within the budgets and the deadline was found.
    """
    deadline_time = time.monotonic() + budget_seconds
    shared = _SharedState(problem, min_value(problem, min_makespan(problem)), deadline_time)
    use_exact = use_exact and exact.available()
    if initial is not None:
        shared.offer(initial)
    search = _new_search(problem, shared, seed, use_exact=use_exact)
    prover = Thread(target=_prove, args=(shared, seed), daemon=True)
    if use_exact and not shared.over:
        prover.start()
    _breed(search, shared, seed)
    if prover.ident is not None:
        prover.join()
    return _checked(problem, shared, use_exact=use_exact)


def _new_search(
    problem: ModeProblem, shared: _SharedState, seed: int, *, use_exact: bool
) -> PopulationSearch:
    """Return a small population bred for a moment, which solves easy problems."""
    search = PopulationSearch(problem, seed, deadline=shared.deadline_time)
    if shared.best is not None:
        search.take(shared.best)
    elif not search.feasible and use_exact:
        mode = exact.modes_within(problem, max(0.1, shared.seconds_left / 2))
        if mode is not None:
            search.take_modes(mode)
    for _ in range(_FIRST_CHILDREN // 5):
        if shared.over:
            break
        search.advance(5)
        if search.feasible:
            shared.offer(search.best())
    search.polish()
    if search.feasible:
        shared.offer(search.best())
    return search


def _checked(problem: ModeProblem, shared: _SharedState, *, use_exact: bool) -> ModeSchedule:
    if shared.best is None:
        raise SlipwayError("no schedule was found that keeps within the budgets and the deadline")
    skipped = () if use_exact else ("CP-SAT was skipped: the extra 'exact' is not installed",)
    schedule = replace(shared.best, bound=shared.bound, notes=skipped)
    if wrong := violations(problem, schedule):
        raise SlipwayError(f"the schedule does not hold: {'; '.join(wrong[:5])}")
    return schedule


def _breed(search: PopulationSearch, shared: _SharedState, seed: int) -> None:
    """Advance a population until the search is over.

    After a trial, which measures how many children can be bred, a population of a matching size
    takes over; one that has converged is replaced by a new one.
    """
    began, children_made, generation = time.monotonic(), 0, 0
    trial = shared.seconds_left * _TRIAL
    while not shared.over:
        lasted = time.monotonic() - began
        children = max(
            10, min(children_made, int(children_made * _SLICE_SECONDS / max(lasted, 1e-6)))
        )
        search.advance(children)
        children_made += children
        _exchange(search, shared)
        if search.converged or (not generation and lasted > trial):
            generation += 1
            size = size_for(children_made / max(lasted, 1e-6) * shared.seconds_left)
            search = PopulationSearch(shared.problem, seed + generation, size, shared.deadline_time)
    shared.interrupt()


def _exchange(search: PopulationSearch, shared: _SharedState) -> None:
    """Take the shared incumbent where it is better than the population's best, else offer that."""
    if shared.best is not None and shared.value < search.value:
        search.take(shared.best)
    elif search.feasible and (shared.best is None or search.value < shared.value):
        search.polish()
        if shared.offer(search.best()):
            shared.interrupt()


def _prove(shared: _SharedState, seed: int) -> None:
    """Let CP-SAT improve the incumbent until the search is over."""
    random = np.random.default_rng(seed)
    size = 20.0
    while not shared.over and shared.seconds_left > _BUILD_SECONDS:
        incumbent = shared.best
        if incumbent is None:
            time.sleep(_SLICE_SECONDS)
            continue
        whole = len(shared.problem.duration) <= _WHOLE
        free_jobs = np.ones(shared.problem.jobs, bool)
        if not whole:
            free_jobs = window(shared.problem, incumbent, int(size), random)
        solver_model = exact.SolverModel(shared.problem, incumbent, free_jobs)
        shared.solver = solver_model
        seconds = shared.seconds_left if whole else min(shared.seconds_left, _WINDOW_SECONDS)
        answer = solver_model.solve(seconds, int(random.integers(2**31)))
        shared.solver = None
        if answer.schedule is not None:
            shared.offer(answer.schedule)
        if whole or free_jobs.all():
            shared.learn(answer.bound)
        size = min(shared.problem.jobs, size * 1.03) if answer.closed else max(6.0, size * 0.9)
