"""The dispatch policy: as near to the plan as a rule comes, with a warning where it is not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.planning.bound import bound_of
from tasks.planning.construct import by_rank, construct
from tasks.planning.core.problem import Problem, problem_from
from tasks.planning.dispatch_policy import DispatchPolicy, choose_policy, with_policy
from tasks.planning.planner import best_schedule, plan
from tasks.planning.simulate import DispatchReplay
from tests.tasks.planning.fakes import FakeAdmission, estimates_of, graph_of, provider, step
from tests.tasks.planning.problems import problems


@given(problems(), st.sampled_from([0.0, 0.3]))
def test_an_order_is_whole_keeps_needs_and_where_all_is_sure_is_no_worse_than_rank(
    problem: Problem, sigma: float
) -> None:
    """A step would be left out, or a plan of sure durations be dispatched worse than before."""
    schedule, spread = construct(problem), np.full(problem.steps, sigma)
    policy = choose_policy(problem, schedule, spread)
    place = np.argsort(policy.order)
    assert sorted(policy.order.tolist()) == list(range(problem.steps))
    owner = np.repeat(np.arange(problem.steps), np.diff(problem.needs_start))
    assert (place[problem.needs] < place[owner]).all()
    replay, medians = DispatchReplay.of(problem), np.ones(problem.steps)
    assert replay.run(policy.order, medians, policy.preferred).makespan == policy.seconds
    if not sigma:
        assert policy.seconds <= replay.run(by_rank(problem), medians).makespan + 1e-9


def uneven() -> Problem:
    """Independent steps that upward rank does not spread well over three unequal providers."""
    work = np.array([6.0, 5, 5, 4, 4, 4, 3, 3, 3, 2])
    seconds = work[:, None] / np.array([1.0, 2.0, 4.0])
    return problem_from([[]] * 10, seconds, np.ones((10, 1)), np.ones((3, 1)))


def test_a_plan_of_sure_durations_is_kept() -> None:
    """What was found in seconds of search would be lost as soon as it is dispatched."""
    problem = uneven()
    schedule = best_schedule(problem, bound_of(problem).seconds, 1.0)
    policy = choose_policy(problem, schedule, np.zeros(10))
    usual = DispatchReplay.of(problem).run(by_rank(problem), np.ones(10)).makespan
    assert schedule.makespan == pytest.approx(policy.seconds)
    assert policy.seconds < usual


def test_a_rule_that_cannot_keep_the_times_of_a_plan_says_so() -> None:
    """A user would be promised an end that nothing works towards."""
    graph = graph_of(step("a"))
    planned = plan(graph, estimates_of({"a": 10}), FakeAdmission(provider("x")).fleet())
    order = np.zeros(1, np.int32)
    assert with_policy(planned, DispatchPolicy(order, 10.1)) == planned
    assert with_policy(planned, DispatchPolicy(order, 12.0)).warnings == (
        "started as providers become free, it should take 12 s, 20 % more than planned",
    )
    assert replace(with_policy(planned, DispatchPolicy(order, 12.0)), warnings=()) == planned
