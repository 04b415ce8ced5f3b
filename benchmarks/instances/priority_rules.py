"""Priority rules for multi-mode problems: baselines that the planner is measured against; pure."""

from __future__ import annotations

import numpy as np

from tasks.planning.multimode import exact
from tasks.planning.multimode.bound import tails
from tasks.planning.multimode.packing import pack
from tasks.planning.multimode.problem import Ints, ModeProblem, ModeSchedule, schedule_of
from tasks.planning.multimode.search import cheapest_modes

_SOLVER_SECONDS = 1.0


def fifo(problem: ModeProblem) -> ModeSchedule:
    """Schedule the jobs by their number: any that is ready and fits starts."""
    return dispatched(problem, np.arange(problem.jobs))


def longest_tail(problem: ModeProblem) -> ModeSchedule:
    """Schedule the jobs by the longest path that follows them."""
    return dispatched(problem, -tails(problem))


def dispatched(problem: ModeProblem, urgency: Ints) -> ModeSchedule:
    """Return a parallel schedule of ``problem``, the lowest ``urgency``, shape (n,), first.

    Modes are the shortest in total that keep within the budgets, where OR-Tools is installed,
    else those that consume least; such a schedule may exceed a budget.
    """
    from tasks.planning.multimode import generation  # noqa: PLC0415 - slow to load

    modes = exact.modes_within(problem, _SOLVER_SECONDS) if exact.available() else None
    packed = pack(problem)
    workspace = generation.new_workspace(packed, np.ones(1, np.int64))
    workspace.order[:] = np.argsort(urgency, kind="stable")
    workspace.mode[:] = cheapest_modes(problem) if modes is None else modes
    generation.parallel(packed, workspace)
    return schedule_of(problem, workspace.start, workspace.mode)
