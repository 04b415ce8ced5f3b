"""Serial schedule generation in a given order, each step into its earliest gap, for numba.

The scheme (Kolisch, 1996) with the earliest finish among providers (Topcuoglu et al., HEFT,
2002). ``assigned`` may fix where a step runs; elsewhere it holds -1. Graphs are given as in
``Problem``.
"""

from __future__ import annotations

import numpy as np

from tasks.planning.core.compiled import kernel
from tasks.planning.core.problem import Floats, Integers
from tasks.planning.kernels.profile import earliest, hold, least


@kernel
def on_lanes(
    order: Integers,
    needs_start: Integers,
    needs: Integers,
    seconds: Floats,
    count: Integers,
    first: Integers,
    assigned: Integers,
    release: Floats,
    free_at: Floats,
    gaps: int,
    lane: Integers,
    start: Floats,
    end: Floats,
) -> float:
    """Place every step on a lane and return the makespan.

    Args:
        order: int32[n], no step before what it needs.
        needs_start: int32[n + 1].
        needs: int32[m].
        seconds: float64[n, c].
        count: int32[c], lanes of each class.
        first: int32[c], its first lane.
        assigned: int32[n], a class or -1.
        release: float64[n], the earliest start of a step.
        free_at: float64[w], until when a lane is taken.
        gaps: The number of latest gaps that are remembered for a class; 0: append only.
        lane: int32[n], filled.
        start: float64[n], filled.
        end: float64[n], filled.
    """
    classes = len(count)
    free = free_at.copy()
    gap_start = np.empty((classes, gaps + 1))
    gap_end = np.empty((classes, gaps + 1))
    gap_lane = np.empty((classes, gaps + 1), np.int32)
    gap_count = np.zeros(classes, np.int64)
    makespan = 0.0
    for position in range(len(order)):
        step = order[position]
        ready = release[step]
        for index in range(needs_start[step], needs_start[step + 1]):
            ready = max(ready, end[needs[index]])
        best, best_start, best_kind, best_lane, best_gap = np.inf, 0.0, -1, -1, -1
        for kind in range(classes):
            duration = seconds[step, kind]
            if (assigned[step] >= 0 and assigned[step] != kind) or ready + duration >= best:
                continue
            # After the lane that has been idle least, else after the first to be free.
            begins, chosen_lane, gap, spare = np.inf, -1, -1, np.inf
            for candidate in range(first[kind], first[kind] + count[kind]):
                moment = free[candidate]
                if moment <= ready:
                    if ready - moment < spare:
                        begins, chosen_lane, spare = ready, candidate, ready - moment
                elif spare == np.inf and moment < begins:
                    begins, chosen_lane = moment, candidate
            for index in range(gap_count[kind]):
                begin = max(gap_start[kind, index], ready)
                if begin + duration <= gap_end[kind, index]:
                    rest = gap_end[kind, index] - gap_start[kind, index] - duration
                    if begin < begins or (begin == begins and (gap < 0 or rest < spare)):
                        begins, chosen_lane, gap, spare = begin, gap_lane[kind, index], index, rest
            if begins + duration < best:
                best, best_start = begins + duration, begins
                best_kind, best_lane, best_gap = kind, chosen_lane, gap
        lane[step], start[step], end[step] = best_lane, best_start, best
        makespan = max(makespan, best)
        if best_gap >= 0:
            rest_start, rest_end = best, gap_end[best_kind, best_gap]
            if best_start > gap_start[best_kind, best_gap]:
                gap_end[best_kind, best_gap] = best_start
            else:
                gap_count[best_kind] -= 1
                last = gap_count[best_kind]
                gap_start[best_kind, best_gap] = gap_start[best_kind, last]
                gap_end[best_kind, best_gap] = gap_end[best_kind, last]
                gap_lane[best_kind, best_gap] = gap_lane[best_kind, last]
        else:
            rest_start, rest_end = free[best_lane], best_start
            free[best_lane] = best
        if gaps == 0 or rest_end <= rest_start:
            continue
        place = gap_count[best_kind]
        if place == gaps:
            place = 0
            for index in range(1, gaps):
                if gap_end[best_kind, index] < gap_end[best_kind, place]:
                    place = index
        else:
            gap_count[best_kind] += 1
        gap_start[best_kind, place] = rest_start
        gap_end[best_kind, place] = rest_end
        gap_lane[best_kind, place] = best_lane
    return makespan


@kernel
def on_vectors(
    order: Integers,
    needs_start: Integers,
    needs: Integers,
    seconds: Floats,
    demand: Floats,
    capacity: Floats,
    assigned: Integers,
    release: Floats,
    pieces: int,
    provider: Integers,
    start: Floats,
    end: Floats,
) -> float:
    """Place every step on a provider that has its whole demand free; return the makespan.

    Args:
        order: int32[n], no step before what it needs.
        needs_start: int32[n + 1].
        needs: int32[m].
        seconds: float64[n, p].
        demand: float64[n, r].
        capacity: float64[p, r].
        assigned: int32[n], a provider or -1.
        release: float64[n], the earliest start of a step.
        pieces: The number of pieces of a provider's timeline that are remembered; at least 8.
        provider: int32[n], filled.
        start: float64[n], filled.
        end: float64[n], filled.
    """
    providers, resources = capacity.shape
    times = np.zeros((providers, pieces + 3))
    free = np.zeros((providers, pieces + 3, resources))
    size = np.ones(providers, np.int32)
    free[:, 0, :] = capacity
    smallest = least(demand)
    makespan = 0.0
    for position in range(len(order)):
        step = order[position]
        ready = release[step]
        for index in range(needs_start[step], needs_start[step + 1]):
            ready = max(ready, end[needs[index]])
        best, best_start, best_provider, best_piece = np.inf, 0.0, -1, 0
        for where in range(providers):
            duration = seconds[step, where]
            if duration == np.inf or (assigned[step] >= 0 and assigned[step] != where):
                continue
            limit = best - duration
            begins, piece = earliest(times, free, size, where, ready, duration, demand[step], limit)
            if begins < limit:
                best, best_start = begins + duration, begins
                best_provider, best_piece = where, piece
        provider[step], start[step], end[step] = best_provider, best_start, best
        makespan = max(makespan, best)
        hold(
            times, free, size, best_provider, best_piece, best_start, best,
            demand[step], smallest, pieces,
        )  # fmt: skip
    return makespan


@kernel
def finishes(
    order: Integers,
    needs_start: Integers,
    needs: Integers,
    seconds: Floats,
    demand: Floats,
    capacity: Floats,
    pieces: int,
    provider: Integers,
    start: Floats,
    end: Floats,
) -> Floats:
    """Return the end of each step on each provider, behind the steps that come before it.

    The order is that of their starts; the other arguments are as in ``on_vectors``, the last
    three a finished plan. The result is float64[n, p], ``inf`` where a step may not run.
    """
    providers, resources = capacity.shape
    times = np.zeros((providers, pieces + 3))
    free = np.zeros((providers, pieces + 3, resources))
    size = np.ones(providers, np.int32)
    free[:, 0, :] = capacity
    smallest = least(demand)
    end_on = np.full((len(order), providers), np.inf)
    for position in range(len(order)):
        step = order[position]
        ready = 0.0
        for index in range(needs_start[step], needs_start[step + 1]):
            ready = max(ready, end[needs[index]])
        for where in range(providers):
            duration = seconds[step, where]
            if duration == np.inf:
                continue
            begins, _ = earliest(times, free, size, where, ready, duration, demand[step], np.inf)
            end_on[step, where] = begins + duration
        where = provider[step]
        end_on[step, where] = end[step]
        hold(times, free, size, where, 0, start[step], end[step], demand[step], smallest, pieces)
    return end_on
