"""Multi-mode problems and the independent check of their schedules."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tasks.errors import BadInputError
from tasks.planning.multimode.problem import ModeSchedule, schedule_of, violations
from tests.tasks.planning.multimode.mode_problems import problem_from

TWO = problem_from([[], [0]], [[(2, [1], [1]), (1, [2], [5])], [(3, [2], [0])]], [2], [4])


def schedule(*starts: int, mode: tuple[int, ...] = (0, 2)) -> ModeSchedule:
    """Return a schedule of ``TWO``."""
    return schedule_of(TWO, np.array(starts), np.array(mode))


def test_a_good_schedule_passes() -> None:
    """Nothing would ever be planned."""
    good_schedule = schedule(0, 2)
    assert violations(TWO, good_schedule) == []
    assert (good_schedule.makespan, good_schedule.consumed.tolist()) == (5, [1])


@pytest.mark.parametrize(
    ("bad_schedule", "wrong"),
    [
        (schedule(0, 1), "starts before 0 has ended"),
        (schedule(-1, 2), "starts before 0"),
        (schedule(0, 2, mode=(2, 2)), "not its own"),
        (schedule(0, 2, mode=(1, 2)), "5 of budget 0 are consumed"),
        (schedule(1, 1), "3 of resource 0 are used at 1"),
        (replace(schedule(0, 2), makespan=4), "it ends at 5, not 4"),
    ],
)
def test_a_broken_promise_is_named(bad_schedule: ModeSchedule, wrong: str) -> None:
    """A schedule that cannot run would be dispatched."""
    assert wrong in "; ".join(violations(TWO, bad_schedule))


def test_what_is_no_problem_is_refused() -> None:
    """A kernel would read beyond its arrays, or wait for ever."""
    with pytest.raises(BadInputError, match="needs a later one"):
        problem_from([[1], []], [[(1, [1], [])]] * 2, [1], [])
    with pytest.raises(BadInputError, match="no mode of this job fits"):
        problem_from([[]], [[(1, [2], []), (1, [3], [])]], [1], [])
