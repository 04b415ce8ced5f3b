"""Plain rules for problems with modes: what a better planner is measured against. Pure."""

from __future__ import annotations

import numpy as np

from tasks.planning.multimode import exact
from tasks.planning.multimode.bound import tails
from tasks.planning.multimode.packing import packed
from tasks.planning.multimode.problem import Ints, ModeProblem, ModeSchedule, schedule_of
from tasks.planning.multimode.search import cheapest_modes

_SECONDS = 1.0


def fifo(problem: ModeProblem) -> ModeSchedule:
    """Start whatever is ready and fits, in the order of the jobs."""
    return dispatched(problem, np.arange(problem.jobs))


def longest_tail(problem: ModeProblem) -> ModeSchedule:
    """Start what is ready and fits, first what the longest path follows."""
    return dispatched(problem, -tails(problem))


def dispatched(problem: ModeProblem, urgency: Ints) -> ModeSchedule:
    """Return a parallel schedule of ``problem``, the lowest ``urgency``, shape (n,), first.

    Modes are the shortest in all that keep within the budgets where OR-Tools is there, else
    those that consume least; such a schedule may break a budget.
    """
    from tasks.planning.multimode import generation  # noqa: PLC0415 - slow to load

    mode = exact.modes_within(problem, _SECONDS) if exact.available() else None
    arrays = packed(problem)
    desk = generation.desk(arrays, np.ones(1, np.int64))
    desk.order[:] = np.argsort(urgency, kind="stable")
    desk.mode[:] = cheapest_modes(problem) if mode is None else mode
    generation.parallel(arrays, desk)
    return schedule_of(problem, desk.start, desk.mode)
