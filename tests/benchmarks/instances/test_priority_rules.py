"""The priority rules that the multi-mode planner has to beat."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings

from benchmarks.instances.priority_rules import fifo, longest_tail
from tasks.planning.multimode.problem import ModeProblem, violations
from tasks.planning.multimode.solve import solve_modes
from tests.tasks.planning.multimode.mode_problems import mode_problems

# The kernels are compiled at their first use, which takes longer than the whole pure suite.
pytestmark = pytest.mark.integration


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(mode_problems())
def test_the_planner_is_never_worse_than_a_priority_rule(problem: ModeProblem) -> None:
    """Planning would cost time for nothing."""
    planned = solve_modes(problem, 0.1)
    for schedule in (fifo(problem), longest_tail(problem)):
        if not violations(problem, schedule):
            assert planned.makespan <= schedule.makespan
