"""A deterministic multi-mode search, limited by work and not by time; pure.

The result depends on problem, seed and effort only, on any machine and under any load; with
CP-SAT, whose limits here are deterministic as well, for a given version of OR-Tools. In return
the two searches run one after the other, while ``solve_modes`` runs them in two threads.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from tasks.planning.multimode import exact
from tasks.planning.multimode.bound import min_makespan, min_value
from tasks.planning.multimode.problem import Ints, ModeProblem, ModeSchedule, violations
from tasks.planning.multimode.search import PopulationSearch
from tasks.planning.multimode.windows import window

# Jobs placed in a second on a slow core, with their modes, three times a child.
_PLACED_PER_SECOND = 100_000.0
# The size of a population.
_SIZE = 40
# Children bred between two looks at the best, and a tenth of all children more.
_CHILDREN_A_ROUND = 20
_MAX_CHILDREN = 60_000
_WHOLE = 70  # modes up to which CP-SAT takes the whole problem
_EXACT_SHARE = 0.4  # of the effort, for CP-SAT
_WINDOW_JOBS = 20
_WINDOW_EFFORT_SECONDS = 0.1


def solve_deterministically(
    problem: ModeProblem,
    effort_seconds: float,
    seed: int = 0,
    initial: Iterable[Ints] = (),
    *,
    use_exact: bool = True,
) -> ModeSchedule | None:
    """Return the best schedule found, or None if none keeps budgets and deadline.

    Args:
        problem: The problem to solve.
        effort_seconds: The work, as the time it takes at most on a slow core after compilation.
        seed: The same seed and effort find the same schedule.
        initial: Choices of modes to begin with, each of shape (n,).
        use_exact: Whether CP-SAT may help, where it is installed.
    """
    bound = min_value(problem, min_makespan(problem))
    use_exact = use_exact and exact.available()
    best = _bred(problem, effort_seconds * (1 - _EXACT_SHARE * use_exact), seed, initial, bound)
    if best is None or not use_exact or problem.value(best) <= bound:
        return best
    return _improved_by_solver(problem, best, effort_seconds * _EXACT_SHARE, seed, bound)


def _bred(
    problem: ModeProblem, effort: float, seed: int, initial: Iterable[Ints], bound: int
) -> ModeSchedule | None:
    """Breed populations, a new one where one has converged, until the effort is spent."""
    children = min(_MAX_CHILDREN, int(effort * _PLACED_PER_SECOND / problem.jobs))
    size = max(8, min(_SIZE, children // 4))
    best: ModeSchedule | None = None
    search = PopulationSearch(problem, seed, size)
    for mode in initial:
        search.take_modes(mode)
    children_made = 0
    while True:
        search.polish()
        if search.feasible and (best is None or search.value < problem.value(best)):
            best = _if_feasible(problem, search.best())
        if children_made >= children or (best is not None and problem.value(best) <= bound):
            return best
        if search.converged and children_made:
            seed += 1
            search = PopulationSearch(problem, seed, size)
            children_made += size
        search.advance(_CHILDREN_A_ROUND + children // 10)
        children_made += _CHILDREN_A_ROUND + children // 10


def _if_feasible(problem: ModeProblem, schedule: ModeSchedule) -> ModeSchedule | None:
    """Return ``schedule`` where it is feasible by the independent check, else None."""
    return None if violations(problem, schedule) else schedule


def _improved_by_solver(
    problem: ModeProblem, incumbent: ModeSchedule, effort: float, seed: int, bound: int
) -> ModeSchedule:
    """Let CP-SAT improve ``incumbent``: whole where it is small, else window by window."""
    if len(problem.duration) <= _WHOLE:
        model = exact.SolverModel(problem, incumbent, np.ones(problem.jobs, bool))
        return model.solve(0.0, seed, work=effort).schedule or incumbent
    random = np.random.default_rng(seed)
    size = min(problem.jobs, _WINDOW_JOBS)
    for _ in range(int(effort / _WINDOW_EFFORT_SECONDS)):
        if problem.value(incumbent) <= bound:
            break
        model = exact.SolverModel(problem, incumbent, window(problem, incumbent, size, random))
        better = model.solve(0.0, int(random.integers(2**31)), work=_WINDOW_EFFORT_SECONDS).schedule
        incumbent = better if better and not violations(problem, better) else incumbent
    return incumbent
