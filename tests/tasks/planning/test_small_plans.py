"""Plans of a few steps: improved without compiled loops, and never worse."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given

from tasks.planning.bound import bound_of
from tasks.planning.construct import ScheduleGenerator, construct
from tasks.planning.core.problem import Problem, problem_from
from tasks.planning.core.schedule import faults
from tasks.planning.small_plans import improve_small
from tests.tasks.planning.problems import problems


@pytest.mark.slow
@given(problems())
def test_it_is_feasible_never_worse_and_the_same_again(problem: Problem) -> None:
    """A user would get a plan that does not hold, or another one each time."""
    first, bound = construct(problem), bound_of(problem).seconds
    lanes = ScheduleGenerator.of(problem).lanes
    better = improve_small(problem, lanes, first, bound, budget_seconds=0.005, seed=1)
    assert faults(problem, better) == []
    assert bound - 1e-9 <= better.makespan <= first.makespan
    again = improve_small(problem, lanes, first, bound, budget_seconds=0.005, seed=1)
    assert again.start.tolist() == better.start.tolist()


@pytest.mark.parametrize("slots", [1.0, 2.0])
def test_what_a_first_plan_misses_is_found(slots: float) -> None:
    """Small workloads would be left as the first rule has them."""
    seconds = np.array([3.0, 3, 2, 2, 2])[:, None].repeat(2, axis=1)
    demand = np.column_stack((np.full(5, slots), np.arange(5.0)))
    problem = problem_from([[]] * 5, seconds, demand, np.array([[slots, 4], [slots, 4]]))
    first = construct(problem)
    improved = improve_small(
        problem, ScheduleGenerator.of(problem).lanes, first, 6.0, budget_seconds=1.0, seed=1
    )
    assert (first.makespan, improved.makespan) == (7, 6)


@pytest.mark.integration
def test_a_small_workload_is_planned_without_numba() -> None:
    """Every run of a few steps would wait half a second and hold 130 MB for its import."""
    code = """
import sys
from tests.tasks.planning.fakes import FakeAdmission, estimates_of, graph_of, plan, provider, step
graph = graph_of(*(step(f"s{n}", *([f"s{n - 3}"] if n > 2 else [])) for n in range(10)))
fleet = FakeAdmission(provider("a", slots=2), provider("b", 2.0)).fleet()
plan(graph, estimates_of({f"s{n}": 10.0 + n for n in range(10)}), fleet)
sys.exit("numba" in sys.modules)
"""
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
