"""The urgencies that the planner is compared with on fleets."""

from __future__ import annotations

import numpy as np

from benchmarks.instances.fleets import downstream
from tasks.planning.core.problem import problem_from


def test_the_steps_downstream_of_a_step_are_counted_with_itself() -> None:
    """The planner would be compared with another rule than the one that is named."""
    problem = problem_from([[], [], [1], [1]], np.ones((4, 1)), np.ones((4, 1)), np.ones((1, 1)))
    assert downstream(problem).tolist() == [1, 3, 1, 1]
