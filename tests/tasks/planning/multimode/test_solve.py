"""Schedules of multi-mode problems: laws that hold for every problem."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from benchmarks.instances.priority_rules import fifo
from tasks.errors import SlipwayError
from tasks.planning.multimode import exact
from tasks.planning.multimode.bound import min_makespan
from tasks.planning.multimode.problem import ModeProblem, Objective, violations
from tasks.planning.multimode.search import PopulationSearch
from tasks.planning.multimode.solve import solve_modes
from tests.tasks.planning.multimode.mode_problems import mode_problems, problem_from

# The kernels are compiled at their first use, which takes longer than the whole pure suite.
pytestmark = pytest.mark.integration
slow = settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))


@slow
@given(mode_problems(priced=True))
def test_a_schedule_is_feasible_and_no_better_than_the_bound(problem: ModeProblem) -> None:
    """A plan would hold more than there is, spend more than there is, or promise the impossible."""
    schedule = solve_modes(problem, 0.1)
    assert violations(problem, schedule) == []
    assert problem.value(schedule) >= schedule.bound
    assert schedule.makespan >= min_makespan(problem)


@slow
@given(mode_problems(), st.integers(0, 1000))
def test_a_search_is_the_same_for_the_same_seed(problem: ModeProblem, seed: int) -> None:
    """A plan could not be made again."""
    first, second = PopulationSearch(problem, seed, 20), PopulationSearch(problem, seed, 20)
    for search in (first, second):
        search.advance(50)
        search.polish()
    assert first.value == second.value
    assert first.best().start.tolist() == second.best().start.tolist()


def test_a_budget_is_kept_where_it_costs_time() -> None:
    """A run would spend money that nobody granted."""
    options = [(9, [1], [1]), (1, [1], [10])]
    problem = problem_from([[], []], [options, options], [2], [11])
    schedule = solve_modes(problem, 0.2)
    assert (schedule.makespan, schedule.consumed.tolist()) == (9, [11])


def test_a_deadline_buys_speed_where_cost_is_what_counts() -> None:
    """The cheapest plan would be late, or the punctual one dear."""
    options = [(9, [1], [1]), (4, [1], [5]), (1, [1], [10])]
    problem = problem_from([[], [0]], [options, options], [1], [99], Objective(0, (1,), 10))
    schedule = solve_modes(problem, 0.3)
    assert (schedule.makespan, schedule.consumed.tolist()) == (8, [10])


def test_what_cannot_be_afforded_is_refused() -> None:
    """A plan over its budget would start."""
    problem = problem_from([[]], [[(1, [1], [5])]], [1], [4])
    with pytest.raises(SlipwayError, match="budgets"):
        solve_modes(problem, 0.1)


@pytest.mark.skipif(not exact.available(), reason="OR-Tools is not installed")
def test_without_the_solver_a_plan_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """A user would not know why a plan could be better elsewhere."""
    monkeypatch.setattr(exact, "available", lambda: False)
    problem = problem_from([[]] * 3, [[(2, [2], [])]] * 3, [3], [])
    schedule = solve_modes(problem, 0.1)
    assert schedule.makespan == 6
    assert "exact" in schedule.notes[0]


@slow
@given(mode_problems(most=4))
def test_the_bound_is_below_the_optimum(problem: ModeProblem) -> None:
    """A good plan would be thrown away, or the search would stop before it found the best."""
    if not exact.available():
        pytest.skip("OR-Tools is not installed")
    incumbent = solve_modes(problem, 0.05, use_exact=False)
    best = exact.SolverModel(problem, incumbent, np.ones(problem.jobs, bool)).solve(10, 0)
    optimum = best.schedule.makespan if best.schedule else incumbent.makespan
    assert best.closed
    assert min_makespan(problem) <= optimum


@slow
@given(mode_problems(), st.integers(0, 99))
def test_a_window_changes_nothing_else(problem: ModeProblem, seed: int) -> None:
    """What was fixed would move to another mode, or the window would break the plan."""
    if not exact.available():
        pytest.skip("OR-Tools is not installed")
    incumbent = fifo(problem)
    if violations(problem, incumbent):
        return
    free = np.random.default_rng(seed).random(problem.jobs) < 0.5
    answer = exact.SolverModel(problem, incumbent, free).solve(1, seed)
    if answer.schedule is not None:
        assert violations(problem, answer.schedule) == []
        assert problem.value(answer.schedule) < problem.value(incumbent)
        assert answer.schedule.mode[~free].tolist() == incumbent.mode[~free].tolist()


def test_wide_vectors_are_not_mixed_up() -> None:
    """A resource would borrow from its neighbour in the packed word."""
    large = 2**31
    demands = [[large, 1, large], [1, 1, 0], [0, 1, large]]
    problem = problem_from(
        [[], [], []], [[(1, demand, [])] for demand in demands], [large, 1, 2 * large], []
    )
    free = replace(problem, capacity=np.array([large + 1, 3, 2 * large]))
    assert solve_modes(problem, 0.1).makespan == 3
    assert solve_modes(free, 0.1).makespan == 1
