"""Steps on a fleet as a multi-mode problem, and its schedules in seconds."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from tasks.errors import BadInputError
from tasks.planning.core.problem import Problem, problem_from
from tasks.planning.multimode.fleet import (
    WeightedGoal,
    fleet_modes,
    quantile_seconds,
    timed_schedule,
)
from tasks.planning.multimode.solve import solve_modes
from tests.tasks.planning.problems import problems

ONE = np.ones((2, 1))
TWO_KINDS = problem_from(
    [[], [0]],
    np.array([[9.0, 1.0], [9.0, 1.0]]),
    ONE,
    ONE,
    np.array([1.0, 10.0]),
)


def test_a_provider_is_a_mode() -> None:
    """A step would be planned where it may not run, or at another price."""
    seconds = np.array([[4.0, np.inf], [2.0, 1.0]])
    modes = fleet_modes(problem_from([[], []], seconds, ONE, ONE, np.array([0.0, 3.0])))
    assert modes.provider.tolist() == [0, 0, 1]
    assert modes.problem.modes_at.tolist() == [0, 1, 3]
    assert modes.seconds.tolist() == [4, 2, 1]
    assert modes.cost.tolist() == [0, 0, 3]
    # Only provider 0 can be asked for more than it holds.
    assert modes.problem.demand.tolist() == [[1], [1], [0]]


def test_what_is_no_wish_is_refused() -> None:
    """A negative price would make waste the best plan."""
    with pytest.raises(BadInputError, match="money"):
        fleet_modes(TWO_KINDS, WeightedGoal(money=-1))


def test_quantiles_go_through_what_is_known() -> None:
    """A deadline with a probability would be planned with other durations than history's."""
    p50, p90 = np.array([10.0, 0.0]), np.array([20.0, 0.0])
    assert quantile_seconds(p50, p90, 0.5).tolist() == [10, 0]
    assert quantile_seconds(p50, p90, 0.9) == pytest.approx([20, 0])
    assert quantile_seconds(p50, p90, 0.99)[0] > 30


@pytest.mark.integration
@pytest.mark.parametrize(
    ("wishes", "makespan", "cost"),
    [
        (WeightedGoal(), 2.0, 20.0),
        (WeightedGoal(money=1), 2.0, 20.0),
        (WeightedGoal(time=0, money=1), 18.0, 18.0),
        (WeightedGoal(budget=19.5), 10.0, 19.0),
        (WeightedGoal(time=0, money=1, deadline_seconds=12), 10.0, 19.0),
    ],
)
def test_wishes_are_granted(wishes: WeightedGoal, makespan: float, cost: float) -> None:
    """Money would be spent against the user's wish, or saved against it."""
    modes = fleet_modes(TWO_KINDS, wishes)
    timed = timed_schedule(modes, solve_modes(modes.problem, 0.3))
    assert timed.makespan_seconds == pytest.approx(makespan)
    assert timed.cost == pytest.approx(cost)


@pytest.mark.integration
@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
@given(problems())
def test_seconds_keep_needs_and_capacity(problem: Problem) -> None:
    """A plan in seconds would break what the plan in ticks kept."""
    modes = fleet_modes(problem)
    schedule = solve_modes(modes.problem, 0.05)
    timed = timed_schedule(modes, schedule)
    assert timed.makespan_seconds <= schedule.makespan * modes.tick_seconds + 1e-6
    for step in range(problem.steps):
        needs = problem.needs[problem.needs_start[step] : problem.needs_start[step + 1]]
        assert timed.start_seconds[step] >= timed.end_seconds[needs].max(initial=0.0)
    for provider, capacity in enumerate(problem.capacity):
        here = timed.provider == provider
        for moment in timed.start_seconds:
            running = here & (timed.start_seconds <= moment) & (moment < timed.end_seconds)
            assert (problem.demand[running].sum(axis=0) <= capacity).all()
