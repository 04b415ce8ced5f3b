"""Plans steps with modes within an amount of work, not of time: ``solve_deterministically``. Pure.

What is found depends on problem, seed and effort alone, on any machine and under any load; with
CP-SAT, whose limits here are its own deterministic ones, for a given version of OR-Tools. In
return one search follows the other in one thread, where ``solve_modes`` races two.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from tasks.planning.multimode import exact
from tasks.planning.multimode.bound import least_makespan, least_value
from tasks.planning.multimode.problem import Ints, ModeProblem, ModeSchedule, violations
from tasks.planning.multimode.search import PopulationSearch
from tasks.planning.multimode.windows import window

# Jobs placed in a second on a slow core, with their modes, three times a child.
_PLACED = 100_000.0
_SIZE, _FIRST, _MOST_CHILDREN = 40, 20, 60_000
_WHOLE = 70  # modes up to which CP-SAT takes the whole problem
_PROVING = 0.4  # of the effort
_WINDOW_JOBS, _WINDOW_EFFORT = 20, 0.1


def solve_deterministically(
    problem: ModeProblem,
    effort_seconds: float,
    seed: int = 0,
    known: Iterable[Ints] = (),
    *,
    use_exact: bool = True,
) -> ModeSchedule | None:
    """Return the best schedule found, or None where none keeps budgets and deadline.

    Args:
        problem: What to plan.
        effort_seconds: The work, as the time it takes at most on a slow core once all is compiled.
        seed: The same seed and effort find the same schedule.
        known: Modes a job, each of shape (n,), to begin with.
        use_exact: Whether CP-SAT may help, where it is installed.
    """
    bound = least_value(problem, least_makespan(problem))
    use_exact = use_exact and exact.available()
    found = _bred(problem, effort_seconds * (1 - _PROVING * use_exact), seed, known, bound)
    if found is None or not use_exact or problem.value(found) <= bound:
        return found
    return _improved(problem, found, effort_seconds * _PROVING, seed, bound)


def _bred(
    problem: ModeProblem, effort: float, seed: int, known: Iterable[Ints], bound: int
) -> ModeSchedule | None:
    """Breed populations, a new one where one has converged, until the effort is spent."""
    children = min(_MOST_CHILDREN, int(effort * _PLACED / problem.jobs))
    size = max(8, min(_SIZE, children // 4))
    best: ModeSchedule | None = None
    search = PopulationSearch(problem, seed, size)
    for mode in known:
        search.take_modes(mode)
    made = 0
    while True:
        search.polish()
        if search.feasible and (best is None or search.value < problem.value(best)):
            best = _sound(problem, search.best())
        if made >= children or (best is not None and problem.value(best) <= bound):
            return best
        if search.converged and made:
            seed += 1
            search = PopulationSearch(problem, seed, size)
            made += size
        search.advance(_FIRST + children // 10)
        made += _FIRST + children // 10


def _sound(problem: ModeProblem, schedule: ModeSchedule) -> ModeSchedule | None:
    """Return ``schedule`` where it breaks nothing: the check knows nothing of the search."""
    return None if violations(problem, schedule) else schedule


def _improved(
    problem: ModeProblem, known: ModeSchedule, effort: float, seed: int, bound: int
) -> ModeSchedule:
    """Let CP-SAT improve ``known``: whole where it is small, else window by window."""
    if len(problem.duration) <= _WHOLE:
        model = exact.SolverModel(problem, known, np.ones(problem.jobs, bool))
        return model.solve(0.0, seed, work=effort).schedule or known
    random = np.random.default_rng(seed)
    size = min(problem.jobs, _WINDOW_JOBS)
    for _ in range(int(effort / _WINDOW_EFFORT)):
        if problem.value(known) <= bound:
            break
        model = exact.SolverModel(problem, known, window(problem, known, size, random))
        better = model.solve(0.0, int(random.integers(2**31)), work=_WINDOW_EFFORT).schedule
        known = better if better and not violations(problem, better) else known
    return known
