"""Budgets in compiled code: the slack of a choice of modes, and its repair; pure."""

from __future__ import annotations

from numba import njit

from tasks.planning.multimode.generation import Workspace, next_random
from tasks.planning.multimode.packing import PackedProblem
from tasks.planning.multimode.problem import Ints


@njit(cache=True, nogil=True)
def update_slack(packed: PackedProblem, workspace: Workspace) -> int:
    """Compute the slack of each budget; return the sum of the shortfalls."""
    shortfall = 0
    for item in range(len(workspace.slack)):
        rest = packed.budget[item]
        for mode in workspace.mode:
            rest -= packed.consumption[mode, item]
        workspace.slack[item] = rest
        shortfall += max(0, -rest)
    return shortfall


@njit(cache=True, nogil=True)
def shortfall_after(packed: PackedProblem, slack: Ints, own: int, candidate: int) -> int:
    """Return the shortfall after ``candidate`` replaces the mode ``own``."""
    shortfall = 0
    for item in range(len(slack)):
        more = packed.consumption[candidate, item] - packed.consumption[own, item]
        shortfall += max(0, more - slack[item])
    return shortfall


@njit(cache=True, nogil=True)
def repair(packed: PackedProblem, workspace: Workspace) -> None:
    """Change modes until the budgets hold or no change helps.

    Of the changes that lower the shortfall, one with a large gain for each tick by which it
    lengthens its job is taken, with some randomness.
    """
    shortfall = update_slack(packed, workspace)
    while shortfall > 0:
        best_job, best_mode, best_gain = -1, -1, 0.0
        for job in range(len(workspace.mode)):
            own = workspace.mode[job]
            for candidate in range(packed.modes_at[job], packed.modes_at[job + 1]):
                after = shortfall_after(packed, workspace.slack, own, candidate)
                if after >= shortfall:
                    continue
                longer = max(0, packed.duration[candidate] - packed.duration[own])
                gain = (
                    (shortfall - after)
                    / (1.0 + longer)
                    * (1 + next_random(workspace.random) % 1024)
                )
                if gain > best_gain:
                    best_job, best_mode, best_gain = job, candidate, gain
        if best_mode < 0:
            return
        workspace.mode[best_job] = best_mode
        shortfall = update_slack(packed, workspace)
