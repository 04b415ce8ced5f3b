"""Schedule generation schemes in compiled code: serial and parallel, forward and backward.

The kernels work on the arrays of ``PackedProblem`` and on a ``Workspace`` of the caller, so that a
search allocates nothing. They release the interpreter's lock.

Sources: Kolisch, "Serial and parallel resource-constrained project scheduling methods revisited"
(EJOR 90, 1996); Valls, Ballestin and Quintanilla, "Justification and RCPSP" (EJOR 165, 2005).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from tasks.planning.multimode.packing import PackedProblem
from tasks.planning.multimode.problem import Ints

_NEVER = 1 << 60


class Workspace(NamedTuple):
    """The working memory for one schedule.

    ``order`` (n,) is a topological order of the jobs (an activity list), ``mode`` (n,) their
    modes, ``start`` (n,) the result, ``slack`` (N,) the rest of the budgets. ``random`` (1,)
    is the state of a random sequence, ``free`` (horizon, W) the free capacity at each tick and
    ``counts`` (3, horizon + 2) a buffer for sorting; every kernel restores the last two.
    """

    order: Ints
    mode: Ints
    start: Ints
    slack: Ints
    random: Ints
    free: Ints
    counts: Ints


def new_workspace(packed: PackedProblem, state: Ints) -> Workspace:
    """Return an empty workspace whose random sequence begins at ``state``, any number but 0."""
    jobs = len(packed.needs_at) - 1
    return Workspace(
        np.zeros(jobs, np.int64),
        packed.modes_at[:-1].copy(),
        np.zeros(jobs, np.int64),
        np.zeros(len(packed.budget), np.int64),
        state.copy(),
        np.tile(packed.free, (packed.horizon + 1, 1)),
        np.zeros((3, max(jobs, packed.horizon) + 2), np.int64),
    )


@njit(cache=True, nogil=True)
def as_variable(value: int) -> int:
    """Return ``value`` as a variable: numba compiles the callee for each constant argument."""
    return value + 0


@njit(cache=True, nogil=True)
def next_random(random: Ints) -> int:
    """Return the next of a sequence of 31-bit numbers (xorshift); ``random`` is its state."""
    x = random[0]
    x ^= x << 13
    x ^= (x >> 7) & 0x1FFFFFFFFFFFFFF
    x ^= x << 17
    random[0] = x
    number: int = (x >> 24) & 0x7FFFFFFF
    return number


@njit(cache=True, nogil=True)
def earliest(packed: PackedProblem, free: Ints, mode: int, ready: int, limit: int) -> int:
    """Return the earliest start of ``mode`` from ``ready`` on; a huge number if past ``limit``."""
    start = moment = ready
    length = packed.duration[mode]
    end = ready + length
    while moment < end:
        if start > limit:
            return _NEVER
        fits = True
        for word in range(len(packed.guard)):
            guard = packed.guard[word]
            fits = fits and (free[moment, word] - packed.demand[mode, word]) & guard == guard
        moment += 1
        if not fits:
            start = moment
            end = moment + length
    return start


@njit(cache=True, nogil=True)
def occupy(packed: PackedProblem, workspace: Workspace, mode: int, begin: int) -> int:
    """Subtract the demand of ``mode`` from the free capacity; return its end."""
    end: int = begin + packed.duration[mode]
    for moment in range(begin, end):
        for word in range(len(packed.guard)):
            workspace.free[moment, word] -= packed.demand[mode, word]
    return end


@njit(cache=True, nogil=True)
def clear(packed: PackedProblem, workspace: Workspace, makespan: int) -> None:
    """Restore the whole capacity."""
    for moment in range(makespan):
        for word in range(len(packed.guard)):
            workspace.free[moment, word] = packed.free[word]


@njit(cache=True, nogil=True)
def affordable(packed: PackedProblem, slack: Ints, own: int, candidate: int) -> bool:
    """Tell whether the budgets permit ``candidate`` instead of the mode ``own``."""
    for item in range(len(slack)):
        more = packed.consumption[candidate, item] - packed.consumption[own, item]
        if more > max(0, slack[item]):
            return False
    return True


@njit(cache=True, nogil=True)
def best_mode(
    packed: PackedProblem, workspace: Workspace, job: int, ready: int, trade: int
) -> tuple[int, int]:
    """Return the mode and start with which ``job`` ends first or, with ``trade``, costs least."""
    own = best = workspace.mode[job]
    begin = earliest(packed, workspace.free, own, ready, as_variable(_NEVER))
    for candidate in range(packed.modes_at[job], packed.modes_at[job + 1]):
        if candidate == own or not affordable(packed, workspace.slack, own, candidate):
            continue
        limit = begin + packed.duration[best] - packed.duration[candidate]
        cheaper = packed.price[best] - packed.price[candidate]
        if trade and packed.time:
            limit += cheaper // packed.time
        elif trade:
            limit = _NEVER if cheaper > 0 else -1
        if ready > limit:
            continue
        start = earliest(packed, workspace.free, candidate, ready, limit)
        if start < limit or (start == limit and next_random(workspace.random) & 1):
            best, begin = candidate, start
    for item in range(len(workspace.slack)):
        workspace.slack[item] += packed.consumption[own, item] - packed.consumption[best, item]
    return best, begin


@njit(cache=True, nogil=True)
def serial(
    packed: PackedProblem, workspace: Workspace, backward: int, choose: int, trade: int
) -> int:
    """Place the jobs in order, one by one, at their earliest time; return the makespan.

    Backward, the graph is taken reversed and time runs from the end. ``choose`` in 1024 jobs take
    the best mode that the budgets permit.
    """
    at, other = packed.needs_at, packed.needs
    if backward:
        at, other = packed.needed_at, packed.needed
    makespan = as_variable(0)
    for job in workspace.order:
        ready = as_variable(0)
        for place in range(at[job], at[job + 1]):
            need = other[place]
            ready = max(ready, workspace.start[need] + packed.duration[workspace.mode[need]])
        mode = workspace.mode[job]
        if (
            packed.modes_at[job + 1] - packed.modes_at[job] > 1
            and next_random(workspace.random) % 1024 < choose
        ):
            mode, begin = best_mode(packed, workspace, job, ready, trade)
            workspace.mode[job] = mode
        else:
            begin = earliest(packed, workspace.free, mode, ready, as_variable(_NEVER))
        workspace.start[job] = begin
        makespan = max(makespan, occupy(packed, workspace, mode, begin))
    clear(packed, workspace, makespan)
    return makespan


@njit(cache=True, nogil=True)
def sort_order(workspace: Workspace) -> None:
    """Sort the order by the key of its jobs in ``counts[0]``: ascending, stable, by counting."""
    jobs = len(workspace.order)
    key, counts, spare = workspace.counts[0], workspace.counts[1], workspace.counts[2]
    largest = 0
    for job in workspace.order:
        counts[key[job] + 1] += 1
        largest = max(largest, key[job])
    for value in range(largest + 1):
        counts[value + 1] += counts[value]
    for job in workspace.order:
        spare[counts[key[job]]] = job
        counts[key[job]] += 1
    # One by one: assigning a slice takes ten seconds to compile, for its error messages.
    for place in range(jobs):
        workspace.order[place] = spare[place]
    for value in range(largest + 2):
        counts[value] = 0


@njit(cache=True, nogil=True)
def justified(packed: PackedProblem, workspace: Workspace, choose: int, trade: int) -> int:
    """Schedule the order, justify to the right and to the left; return the makespan.

    The order is left sorted by start.
    """
    jobs = len(workspace.order)
    key = workspace.counts[0]
    makespan = serial(packed, workspace, as_variable(0), choose, trade)
    for backward in (as_variable(1), as_variable(0)):
        # By end from the last, or by start from the first: both keep a topological order.
        for job in range(jobs):
            key[job] = makespan - workspace.start[job] - packed.duration[workspace.mode[job]]
        for place in range(jobs // 2):
            last = jobs - 1 - place
            workspace.order[place], workspace.order[last] = (
                workspace.order[last],
                workspace.order[place],
            )
        sort_order(workspace)
        makespan = serial(packed, workspace, backward, choose, trade)
    for job in range(jobs):
        key[job] = workspace.start[job]
    sort_order(workspace)
    return makespan


@njit(cache=True, nogil=True)
def can_start(
    packed: PackedProblem, workspace: Workspace, end: Ints, job: int, moment: int
) -> bool:
    """Tell whether ``job`` is ready and fits now; ``end`` (n,) is -1 for jobs not yet placed."""
    for place in range(packed.needs_at[job], packed.needs_at[job + 1]):
        need = packed.needs[place]
        if end[need] < 0 or end[need] > moment:
            return False
    begin: int = earliest(packed, workspace.free, workspace.mode[job], moment, moment)
    return begin == moment


@njit(cache=True, nogil=True)
def parallel(packed: PackedProblem, workspace: Workspace) -> int:
    """Start at each moment the jobs that are ready and fit, in order; return the makespan."""
    jobs = len(workspace.order)
    ends = np.zeros(jobs, np.int64) - 1
    moment, makespan, placed = as_variable(0), as_variable(0), 0
    while placed < jobs:
        # A job of no duration may make others ready at the same moment, which is then visited again.
        following = _NEVER
        for job in workspace.order:
            if ends[job] < 0 and can_start(packed, workspace, ends, job, moment):
                workspace.start[job] = moment
                ends[job] = occupy(packed, workspace, workspace.mode[job], moment)
                following = min(following, ends[job])
                placed += 1
            elif ends[job] > moment:
                following = min(following, ends[job])
        moment = following
    for job in range(jobs):
        makespan = max(makespan, ends[job])
    clear(packed, workspace, makespan)
    return makespan
