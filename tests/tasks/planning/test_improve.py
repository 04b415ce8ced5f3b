"""Improved plans: feasible, never worse, and the same for the same seed."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given

from tasks.planning.bound import bound_of
from tasks.planning.construct import construct
from tasks.planning.core.problem import Problem, problem_from
from tasks.planning.core.schedule import faults
from tasks.planning.improve import improve
from tests.tasks.planning.problems import problems


@pytest.mark.slow
@given(problems())
def test_an_improved_plan_is_feasible_and_never_worse(problem: Problem) -> None:
    """A user would pay time for a plan that is worse, or does not hold."""
    first, bound = construct(problem), bound_of(problem).seconds
    better = improve(problem, first, bound, 0.01)
    assert faults(problem, better) == []
    assert bound - 1e-9 <= better.makespan <= first.makespan


@given(problems(lanes=True))
def test_on_lanes_it_is_so_too(problem: Problem) -> None:
    """As above, where the way of planning is another one."""
    first, bound = construct(problem), bound_of(problem).seconds
    better = improve(problem, first, bound, 0.01)
    assert faults(problem, better) == []
    assert bound - 1e-9 <= better.makespan <= first.makespan
    again = improve(problem, first, bound, 0.01)
    assert again.start.tolist() == better.start.tolist()


@pytest.mark.parametrize("speeds", [[1.0, 1.0], [1.0, 2.0]])
def test_what_the_first_plan_misses_is_found(speeds: list[float]) -> None:
    """Improving would be without effect."""
    work = np.array([3.0, 3, 2, 2, 2]) * sum(speeds) / 2
    seconds = work[:, None] / np.array(speeds)
    problem = problem_from([[]] * 5, seconds, np.ones((5, 1)), np.ones((2, 1)))
    first = construct(problem)
    best = improve(problem, first, bound_of(problem).seconds, 1.0)
    assert first.makespan > best.makespan
    assert best.makespan == pytest.approx(6.0)


def test_no_budget_changes_nothing() -> None:
    """A first plan could not be had alone."""
    problem = problem_from([[]] * 3, np.ones((3, 2)), np.ones((3, 1)), np.ones((2, 1)))
    first = construct(problem)
    assert improve(problem, first, 0.0, 0.0) is first
