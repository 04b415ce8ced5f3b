"""The Pareto front of cost and makespan of multi-mode problems."""

from __future__ import annotations

import pytest

from tasks.planning.multimode.pareto import pareto_schedules
from tests.tasks.planning.multimode.mode_problems import problem_from

pytestmark = pytest.mark.integration


def test_the_front_holds_every_good_bargain() -> None:
    """A user would not see what an hour saved costs, or be offered a bad bargain."""
    options = [(9, [1], [1]), (4, [1], [5]), (4, [1], [7]), (1, [1], [10])]
    problem = problem_from([[], [0]], [options, options], [1], [99])
    front = pareto_schedules(problem, 2.0, points=18)
    assert [(point.cost, point.makespan) for point in front] == [
        (2, 18),
        (6, 13),
        (10, 8),
        (15, 5),
        (20, 2),
    ]


def test_without_money_the_front_is_one_point() -> None:
    """A project without prices could not be asked for its front."""
    problem = problem_from([[], []], [[(2, [1], [])]] * 2, [1], [])
    assert [(point.cost, point.makespan) for point in pareto_schedules(problem, 0.5)] == [(0, 4)]
