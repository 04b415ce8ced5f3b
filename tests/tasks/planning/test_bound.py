"""Lower bounds of the makespan."""

from __future__ import annotations

import numpy as np
import pytest

from tasks.planning.bound import bound_of
from tasks.planning.core.problem import Problem, problem_from


def on(speeds: list[float], needs: list[list[int]], work: list[float]) -> Problem:
    """Steps of one slot on providers of one slot each."""
    seconds = np.array(work)[:, None] / np.array(speeds)
    return problem_from(needs, seconds, np.ones((len(work), 1)), np.ones((len(speeds), 1)))


def test_the_critical_path_counts_the_fastest_provider() -> None:
    """A chain would seem to be as quick as the fleet is wide."""
    bound = bound_of(on([1, 4], [[], [0]], [8.0, 4.0]))
    assert bound.critical_path == pytest.approx(3)
    assert bound.work == pytest.approx((2.4,))
    assert bound.seconds == pytest.approx(3)


def test_what_comes_before_and_after_wide_work_counts() -> None:
    """A graph that is narrow at both ends would seem to be planned badly."""
    needs = [[], *([[0]] * 8), list(range(1, 9))]
    bound = bound_of(on([1, 1], needs, [3.5, *([1.0] * 8), 2.0]))
    assert bound.seconds == pytest.approx(3.5 + 4 + 2)


def test_stages_add_up() -> None:
    """Only one of two wide stages with a barrier between them would count."""
    needs = [*([[]] * 4), [0, 1, 2, 3], *([[4]] * 4)]
    assert bound_of(on([1, 1], needs, [1.5] * 9)).seconds == pytest.approx(3 + 1.5 + 3)


def test_whole_steps_do_not_fit_into_parts_of_lanes() -> None:
    """Three equal steps on two providers would seem to take one and a half of them."""
    assert bound_of(on([1, 1], [[]] * 3, [2.5] * 3)).seconds == pytest.approx(5)
    # The fast one can do two of them in the time of one on the slow one.
    assert bound_of(on([1, 2], [[]] * 4, [2.5] * 4)).seconds == pytest.approx(3.75)


def test_whole_seconds_add_up_to_whole_seconds() -> None:
    """An optimal plan would seem to be above its bound."""
    assert bound_of(on([1, 1], [[]] * 5, [1.0, 2, 1, 1, 2])).seconds == 4


def test_each_resource_has_its_own_work() -> None:
    """Memory that is short would not be seen to bind."""
    demand, capacity = np.array([[1.0, 600], [1, 600]]), np.array([[2.0, 1000]])
    bound = bound_of(problem_from([[], []], np.full((2, 1), 5.5), demand, capacity))
    assert bound.work == pytest.approx((5.5, 6.6))


def test_lanes_of_one_speed_are_told_apart_from_those_of_another() -> None:
    """The works of the fast lanes would be laid on the slow ones, or the other way round."""
    work = [2.0] * 9
    assert bound_of(on([1, 1, 2, 2], [[]] * 9, work)).seconds == pytest.approx(4)
    assert bound_of(on([2, 1, 2, 1], [[]] * 9, work)).seconds == pytest.approx(4)
    assert bound_of(on([2, 2, 2, 2], [[]] * 9, work)).seconds == pytest.approx(3)


def test_a_rough_bound_is_a_bound() -> None:
    """A comparison of plans would stop before the best, or say that one ends before its bound."""
    needs = [*([[]] * 121), list(range(121)), *([[121]] * 121)]
    problem = on([1, 1], needs, [1.5] * 243)
    rough, best = bound_of(problem, rough=True), bound_of(problem)
    assert 0 < rough.seconds < best.seconds
    few = on([1, 1], [[]] * 3, [2.5] * 3)
    assert bound_of(few, rough=True) == bound_of(few)
