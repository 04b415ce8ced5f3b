"""The deterministic multi-mode search: the same on every machine, and always feasible."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tasks.planning.multimode.bound import min_makespan
from tasks.planning.multimode.problem import ModeProblem, Objective, violations
from tasks.planning.multimode.steady import solve_deterministically
from tests.tasks.planning.multimode.mode_problems import mode_problems, problem_from

pytestmark = pytest.mark.integration
slow = settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))


@slow
@given(mode_problems(priced=True), st.integers(0, 99))
def test_it_is_the_same_for_the_same_seed_and_effort(problem: ModeProblem, seed: int) -> None:
    """A plan could not be made again."""
    first, second = (solve_deterministically(problem, 0.05, seed) for _ in range(2))
    assert (first is None) == (second is None)
    if first is not None and second is not None:
        assert violations(problem, first) == []
        assert problem.value(first) == problem.value(second)
        assert first.start.tolist() == second.start.tolist()
        assert first.makespan >= min_makespan(problem)


def test_it_finds_what_a_budget_permits_and_says_where_there_is_nothing() -> None:
    """A plan would be dearer than granted, or a failure of the search end the run."""
    options = [(9, [1], [1]), (1, [1], [10])]
    schedule = solve_deterministically(problem_from([[], []], [options, options], [2], [11]), 0.1)
    assert schedule is not None
    assert (schedule.makespan, schedule.consumed.tolist()) == (9, [11])
    assert solve_deterministically(problem_from([[]], [[(1, [1], [5])]], [1], [4]), 0.1) is None


def test_a_deadline_is_kept() -> None:
    """The cheapest plan would be late."""
    options = [(9, [1], [1]), (4, [1], [5]), (1, [1], [10])]
    problem = problem_from([[], [0]], [options, options], [1], [99], Objective(0, (1,), 10))
    schedule = solve_deterministically(problem, 0.2)
    assert schedule is not None
    assert (schedule.makespan, schedule.consumed.tolist()) == (8, [10])
