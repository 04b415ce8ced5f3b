"""Budgets in compiled code: what a choice of modes uses up, and how to keep within. Pure."""

from __future__ import annotations

from numba import njit

from tasks.planning.multimode.generation import Workspace, next_random
from tasks.planning.multimode.packing import Packed
from tasks.planning.multimode.problem import Ints


@njit(cache=True, nogil=True)
def update_slack(packed: Packed, desk: Workspace) -> int:
    """Work out what is left of each budget; return the sum of what is lacking."""
    lacking = 0
    for item in range(len(desk.slack)):
        left = packed.budget[item]
        for mode in desk.mode:
            left -= packed.consumption[mode, item]
        desk.slack[item] = left
        lacking += max(0, -left)
    return lacking


@njit(cache=True, nogil=True)
def shortfall_after(packed: Packed, slack: Ints, own: int, candidate: int) -> int:
    """Return what is lacking once ``candidate`` has taken the place of the mode ``own``."""
    lacking = 0
    for item in range(len(slack)):
        more = packed.consumption[candidate, item] - packed.consumption[own, item]
        lacking += max(0, more - slack[item])
    return lacking


@njit(cache=True, nogil=True)
def repair(packed: Packed, desk: Workspace) -> None:
    """Change modes until the budgets hold or no change helps.

    Among the changes that lower what is lacking, one with a large gain for each tick it makes
    its job longer is taken, with some chance in it.
    """
    lacking = update_slack(packed, desk)
    while lacking > 0:
        chosen_job, chosen, best = -1, -1, 0.0
        for job in range(len(desk.mode)):
            own = desk.mode[job]
            for candidate in range(packed.modes_at[job], packed.modes_at[job + 1]):
                after = shortfall_after(packed, desk.slack, own, candidate)
                if after >= lacking:
                    continue
                longer = max(0, packed.duration[candidate] - packed.duration[own])
                gain = (lacking - after) / (1.0 + longer) * (1 + next_random(desk.random) % 1024)
                if gain > best:
                    chosen_job, chosen, best = job, candidate, gain
        if chosen < 0:
            return
        desk.mode[chosen_job] = chosen
        lacking = update_slack(packed, desk)
