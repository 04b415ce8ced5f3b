"""Greedy dispatching, as plain executors do: start any ready step wherever there is room; pure.

It is the baseline of planning; no plan is worse.
"""

from __future__ import annotations

import numpy as np

from tasks.planning.core.problem import Floats, Problem
from tasks.planning.core.schedule import Schedule
from tasks.planning.kernels import greedy as kernels


def greedy(problem: Problem, urgency: Floats | None = None) -> Schedule:
    """Return the schedule that results where nothing is planned.

    ``urgency`` is float64[n], the largest first; None: first ready, first served.
    """
    count = problem.steps
    provider, start, end = np.zeros(count, np.int32), np.zeros(count), np.zeros(count)
    kernels.dispatch_greedily(
        np.zeros(count) if urgency is None else urgency,
        problem.needs_start, problem.followers_start, problem.followers,
        problem.seconds, problem.demand, problem.capacity, provider, start, end,
    )  # fmt: skip
    return Schedule(provider, start, end)
