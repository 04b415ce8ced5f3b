"""Simulated annealing of a plan on lanes, for numba.

A candidate is an order of the steps (no step before its needs) and the lane of each. Graphs are
given as in ``Problem``.
"""

from __future__ import annotations

import numpy as np

from tasks.planning.core.compiled import search
from tasks.planning.core.problem import Floats, Integers
from tasks.planning.kernels.order import room, shift

# The weight of the time that lanes are held, beside the makespan: it ranks plans that end alike.
IDLE = 0.5
# How far a step usually moves in the order, as a fraction of all steps.
NEAR = 0.1


@search
def timed(
    order: Integers,
    lane: Integers,
    needs_start: Integers,
    needs: Integers,
    seconds: Floats,
    kind: Integers,
    start: Floats,
    end: Floats,
    cause: Integers,
    free: Floats,
    last: Integers,
) -> int:
    """Start every step as early as its lane and its needs allow; return the one that ends last.

    ``cause`` becomes the step that each step waited for, or -1; ``free`` the end of each lane.
    """
    free[:] = 0.0
    last[:] = -1
    final = order[0]
    for position in range(len(order)):
        step = order[position]
        where = lane[step]
        ready, predecessor = free[where], last[where]
        for index in range(needs_start[step], needs_start[step + 1]):
            need = needs[index]
            if end[need] > ready:
                ready, predecessor = end[need], need
        start[step] = ready
        end[step] = ready + seconds[step, kind[where]]
        cause[step] = predecessor
        free[where] = end[step]
        last[where] = step
        if end[step] > end[final] or position == 0:
            final = step
    return int(final)


@search
def anneal(
    order: Integers,
    lane: Integers,
    needs_start: Integers,
    needs: Integers,
    followers_start: Integers,
    followers: Integers,
    seconds: Floats,
    kind: Integers,
    speed: Floats,
    bound: float,
    hot: float,
    cold: float,
    moves: int,
    seed: int,
    start: Floats,
    end: Floats,
) -> float:
    """Improve a plan on lanes by simulated annealing; return its makespan.

    A move takes a step, mostly one of the critical chain, and exchanges lanes with a neighbour in
    the order, or moves it in the order, mostly to another lane. The cost is the makespan and,
    with a small weight, the time that lanes are held, weighted by their speed.

    Args:
        order: int32[n]; the best found replaces it.
        lane: int32[n]; likewise.
        needs_start: int32[n + 1].
        needs: int32[m].
        followers_start: int32[n + 1].
        followers: int32[m].
        seconds: float64[n, c].
        kind: int32[w], the class of each lane.
        speed: float64[w], adding up to one.
        bound: Seconds; the search ends where it is reached.
        hot: The first temperature, relative to the makespan.
        cold: The last one.
        moves: The number of moves to try.
        seed: Of the random numbers.
        start: float64[n], filled.
        end: float64[n], filled.
    """
    np.random.seed(seed)
    count, lanes = len(order), len(kind)
    cause, free, last = np.empty(count, np.int32), np.empty(lanes), np.empty(lanes, np.int32)
    place = np.empty(count, np.int32)
    for index in range(count):
        place[order[index]] = index
    best_order, best_lane = order.copy(), lane.copy()
    final = timed(order, lane, needs_start, needs, seconds, kind, start, end, cause, free, last)
    best = end[final]
    cost = best + IDLE * (free * speed).sum()
    chain, length = np.empty(count, np.int32), 0
    while final >= 0:
        chain[length] = final
        length += 1
        final = cause[final]
    window = max(3, int(NEAR * count))
    temperature, cooling = hot * best, (cold / hot) ** (1.0 / moves)
    for _ in range(moves):
        if best <= bound:
            break
        temperature *= cooling
        if np.random.random() < 0.8:
            step = chain[int(np.random.random() * length)]
        else:
            step = int(np.random.random() * count)
        old_place, old_lane = place[step], lane[step]
        new_place, other, other_lane = old_place, -1, -1
        if lanes > 1 and np.random.random() < 0.4:
            near = old_place + int(np.random.random() * (2 * window + 1)) - window
            if near < 0 or near >= count:
                continue
            other = order[near]
            other_lane = lane[other]
            if kind[other_lane] == kind[old_lane]:
                continue
            if (
                seconds[step, kind[other_lane]] == np.inf
                or seconds[other, kind[old_lane]] == np.inf
            ):
                continue
            lane[step], lane[other] = other_lane, old_lane
        else:
            if np.random.random() < 0.7:
                lane[step] = int(np.random.random() * lanes)
                if seconds[step, kind[lane[step]]] == np.inf:
                    lane[step] = old_lane
            low, high = room(step, place, needs_start, needs, followers_start, followers)
            if np.random.random() < 0.7:
                low, high = max(low, old_place - window), min(high, old_place + window)
            new_place = low + int(np.random.random() * (high - low + 1))
            if new_place != old_place:
                shift(order, place, old_place, new_place)
            elif lane[step] == old_lane:
                continue
        final = timed(order, lane, needs_start, needs, seconds, kind, start, end, cause, free, last)
        makespan = end[final]
        new_cost = makespan + IDLE * (free * speed).sum()
        if new_cost <= cost or np.random.random() < np.exp((cost - new_cost) / temperature):
            cost = new_cost
            length = 0
            while final >= 0:
                chain[length] = final
                length += 1
                final = cause[final]
            if makespan < best:
                best = makespan
                best_order[:] = order
                best_lane[:] = lane
        else:
            if new_place != old_place:
                shift(order, place, new_place, old_place)
            lane[step] = old_lane
            if other >= 0:
                lane[other] = other_lane
    order[:] = best_order
    lane[:] = best_lane
    timed(order, lane, needs_start, needs, seconds, kind, start, end, cause, free, last)
    return float(best)
