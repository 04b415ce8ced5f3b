"""Greedy dispatching, the baseline of planning."""

from __future__ import annotations

import numpy as np
from hypothesis import given

from tasks.planning.construct import construct
from tasks.planning.core.problem import Problem, problem_from
from tasks.planning.core.schedule import faults
from tasks.planning.greedy import greedy
from tests.tasks.planning.problems import problems


@given(problems())
def test_it_is_feasible_and_no_better_than_a_plan(problem: Problem) -> None:
    """A plan would be worse than none, or be compared with what cannot be."""
    for urgency in (None, np.arange(problem.steps, dtype=np.float64)):
        assert faults(problem, greedy(problem, urgency)) == []
    assert construct(problem).makespan <= greedy(problem).makespan


def test_what_is_ready_first_starts_first_unless_another_is_more_urgent() -> None:
    """The rules that plans are compared with would be others than those of plain executors."""
    problem = problem_from([[], [], [1], [1]], np.ones((4, 1)), np.ones((4, 1)), np.ones((1, 1)))
    assert greedy(problem).start.tolist() == [0, 1, 2, 3]
    assert greedy(problem, np.array([1.0, 3, 1, 1])).start.tolist() == [1, 0, 2, 3]


def test_it_takes_a_slow_provider_rather_than_wait() -> None:
    """It would plan after all."""
    problem = problem_from([[], []], np.array([[1.0, 9], [1, 9]]), np.ones((2, 1)), np.ones((2, 1)))
    assert greedy(problem).makespan == 9
    assert construct(problem).makespan == 2
