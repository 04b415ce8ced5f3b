"""First plans on arrays: feasible, on lanes as on vectors, and near the bound."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given

from tasks.planning.bound import bound_of
from tasks.planning.construct import ScheduleGenerator, by_rank, construct
from tasks.planning.core.lanes import lanes_of
from tasks.planning.core.problem import Problem, problem_from
from tasks.planning.core.schedule import Schedule, faults
from tests.tasks.planning.problems import problems


@pytest.mark.slow
@given(problems())
def test_a_first_plan_is_feasible_and_not_below_the_bound(problem: Problem) -> None:
    """A plan would oversubscribe a provider, break a need, or beat what is possible."""
    schedule = construct(problem)
    assert faults(problem, schedule) == []
    assert schedule.makespan >= bound_of(problem).seconds - 1e-9


@given(problems(lanes=True))
def test_lanes_and_vectors_place_alike(problem: Problem) -> None:
    """The quick way for one slot a step would plan something else than the general one."""
    lanes = ScheduleGenerator.of(problem)
    assert lanes.lanes is not None
    for generator in (lanes, ScheduleGenerator(problem, None)):
        schedule = generator.place(by_rank(problem))
        assert faults(problem, schedule) == []
        assert schedule.makespan >= bound_of(problem).seconds - 1e-9


@given(problems())
def test_the_most_urgent_step_never_comes_before_what_it_needs(problem: Problem) -> None:
    """The dispatcher would refuse the order."""
    place = np.argsort(by_rank(problem))
    for step in range(problem.steps):
        needs = problem.needs[problem.needs_start[step] : problem.needs_start[step + 1]]
        assert all(place[need] < place[step] for need in needs)


def test_providers_that_differ_in_nothing_are_one_class() -> None:
    """Planning would try each of a hundred equal providers for every step."""
    seconds = np.array([[2.0, 1.0, 2.0]])
    lanes = lanes_of(problem_from([[]], seconds, np.ones((1, 1)), np.array([[1.0], [2.0], [3.0]])))
    assert lanes is not None
    assert lanes.count.tolist() == [2, 1]
    assert lanes.provider.tolist() == [0, 2, 1]


def test_memory_that_can_run_out_makes_no_lanes() -> None:
    """Two steps would share memory that holds one of them."""
    demand, capacity = np.array([[1.0, 600], [1, 100]]), np.array([[2.0, 1000]])
    assert lanes_of(problem_from([[], []], np.ones((2, 1)), demand, capacity)) is None
    enough = problem_from([[], []], np.ones((2, 1)), demand, capacity * 2)
    assert lanes_of(enough) is not None


@pytest.mark.parametrize(
    ("provider", "start", "end", "fault"),
    [
        ([0, 0], [0, 1], [2, 3], "step 1 starts before 0 has ended"),
        ([0, 0], [0, 1], [2, 3], "provider 0 holds"),
        ([1, 0], [0, 2], [2, 4], "step 0 does not take inf s"),
        ([0, 1], [0, 2], [2, 4], "step 1 does not take 1 s"),
        ([0, 2], [0, 2], [2, 4], "step 1 is nowhere"),
        ([0, 0], [-1, 2], [1, 4], "step 0 does not take 2 s"),
    ],
)
def test_the_check_finds_each_fault(
    provider: list[int], start: list[int], end: list[int], fault: str
) -> None:
    """A defective plan would pass."""
    problem = problem_from(
        [[], [0]], np.array([[2.0, np.inf], [2, 1]]), np.ones((2, 1)), np.ones((2, 1))
    )
    schedule = Schedule(np.array(provider, np.int32), np.array(start, float), np.array(end, float))
    assert any(fault in item for item in faults(problem, schedule)), fault
