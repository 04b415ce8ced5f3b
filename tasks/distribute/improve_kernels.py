"""The loops of ``improve``. Graphs are given as in ``Problem``. Imported only by what computes.

A candidate is an order of the steps (no step before what it needs) and where each of them runs.
"""

from __future__ import annotations

import numpy as np

from tasks.distribute.compiled import kernel
from tasks.distribute.construct_kernels import on_lanes, on_vectors
from tasks.distribute.problem import Floats, Integers

# What a lane's idle time counts beside the makespan: it tells apart plans that end alike.
IDLE = 0.5
# How far, in parts of all steps, a step usually moves in the order.
NEAR = 0.1


@kernel
def shift(order: Integers, place: Integers, old: int, new: int) -> None:
    """Move what is at ``old`` to ``new``; ``place`` is the inverse of ``order``."""
    step = order[old]
    if new > old:
        for index in range(old, new):
            order[index] = order[index + 1]
            place[order[index]] = index
    else:
        for index in range(old, new, -1):
            order[index] = order[index - 1]
            place[order[index]] = index
    order[new] = step
    place[step] = new


@kernel
def room(
    step: int,
    place: Integers,
    needs_start: Integers,
    needs: Integers,
    followers_start: Integers,
    followers: Integers,
) -> tuple[int, int]:
    """Return the first and the last place in the order that ``step`` may take."""
    low, high = 0, len(place) - 1
    for index in range(needs_start[step], needs_start[step + 1]):
        low = max(low, place[needs[index]] + 1)
    for index in range(followers_start[step], followers_start[step + 1]):
        high = min(high, place[followers[index]] - 1)
    return low, high


@kernel
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

    ``cause`` becomes what each step waited for, or -1; ``free`` when each lane is done.
    """
    free[:] = 0.0
    last[:] = -1
    final = order[0]
    for position in range(len(order)):
        step = order[position]
        where = lane[step]
        ready, waited = free[where], last[where]
        for index in range(needs_start[step], needs_start[step + 1]):
            need = needs[index]
            if end[need] > ready:
                ready, waited = end[need], need
        start[step] = ready
        end[step] = ready + seconds[step, kind[where]]
        cause[step] = waited
        free[where] = end[step]
        last[where] = step
        if end[step] > end[final] or position == 0:
            final = step
    return int(final)


@kernel
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
    the order, or puts it elsewhere in the order, mostly on another lane. What counts is the
    makespan and, a little, how long the lanes are held, weighted by their speed.

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
        bound: Seconds; where it is reached, nothing is left to do.
        hot: The first temperature, in parts of the makespan.
        cold: The last one.
        moves: How many to try.
        seed: Of what is random.
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
        old, old_lane = place[step], lane[step]
        new, other, other_lane = old, -1, -1
        if lanes > 1 and np.random.random() < 0.4:
            near = old + int(np.random.random() * (2 * window + 1)) - window
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
                low, high = max(low, old - window), min(high, old + window)
            new = low + int(np.random.random() * (high - low + 1))
            if new != old:
                shift(order, place, old, new)
            elif lane[step] == old_lane:
                continue
        final = timed(order, lane, needs_start, needs, seconds, kind, start, end, cause, free, last)
        makespan = end[final]
        changed = makespan + IDLE * (free * speed).sum()
        if changed <= cost or np.random.random() < np.exp((cost - changed) / temperature):
            cost = changed
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
            if new != old:
                shift(order, place, new, old)
            lane[step] = old_lane
            if other >= 0:
                lane[other] = other_lane
    order[:] = best_order
    lane[:] = best_lane
    timed(order, lane, needs_start, needs, seconds, kind, start, end, cause, free, last)
    return float(best)


@kernel
def perturb(
    order: Integers,
    assigned: Integers,
    needs_start: Integers,
    needs: Integers,
    followers_start: Integers,
    followers: Integers,
    seconds: Floats,
    demand: Floats,
    capacity: Floats,
    count: Integers,
    first: Integers,
    on_lanes_only: bool,
    gaps: int,
    bound: float,
    warmth: float,
    rounds: int,
    seed: int,
) -> float:
    """Improve a plan by perturbing its order, each time placed forward, backward and forward.

    Double justification (Valls, Ballestin and Quintanilla, 2005) on orders that are shifted at
    random, accepted as in simulated annealing. Backward passes keep where the steps run.

    Args:
        order: int32[n]; the best found replaces it.
        assigned: int32[n]; likewise. A kind or -1.
        needs_start: int32[n + 1].
        needs: int32[m].
        followers_start: int32[n + 1].
        followers: int32[m].
        seconds: float64[n, c], by kind.
        demand: float64[n, r].
        capacity: float64[c, r].
        count: int32[c], as in ``on_lanes``.
        first: int32[c], as in ``on_lanes``.
        on_lanes_only: Whether the kinds are classes of lanes; else they are providers.
        gaps: As in ``on_lanes``; pieces as in ``on_vectors``.
        bound: Seconds; where it is reached, nothing is left to do.
        warmth: The first temperature, in parts of the makespan; it sinks to nothing.
        rounds: How many to try.
        seed: Of what is random.
    """
    np.random.seed(seed)
    steps, kinds = len(order), seconds.shape[1]
    where, start, end = np.empty(steps, np.int32), np.empty(steps), np.empty(steps)
    nothing = np.zeros(steps)
    free_at = np.zeros(int(count.sum()))
    kind_of = np.empty(len(free_at), np.int32)
    for kind in range(kinds):
        kind_of[first[kind] : first[kind] + count[kind]] = kind
    place = np.empty(steps, np.int32)
    best_order, best_assigned, best = order.copy(), assigned.copy(), np.inf
    tried, kept = order.copy(), assigned.copy()
    cost = np.inf
    for turn in range(rounds):
        if best <= bound:
            break
        tried[:] = order
        kept[:] = assigned
        shifts = 1 + int(np.random.random() * 3) if turn else 0
        for index in range(steps):
            place[tried[index]] = index
        for _ in range(shifts):
            step = int(np.random.random() * steps)
            if kinds > 1 and np.random.random() < 0.4:
                kind = int(np.random.random() * kinds)
                if kept[step] >= 0 and np.random.random() < 0.3:
                    kept[step] = -1
                elif seconds[step, kind] < np.inf:
                    kept[step] = kind
                continue
            low, high = room(step, place, needs_start, needs, followers_start, followers)
            shift(tried, place, place[step], low + int(np.random.random() * (high - low + 1)))
        makespan = np.inf
        for way in range(3):
            if way == 1:
                before, trial = tried.copy(), kept.copy()
                first_makespan = makespan
                for step in range(steps):
                    kept[step] = kind_of[where[step]] if on_lanes_only else where[step]
                tried[:] = tried[::-1][np.argsort(-end[tried[::-1]], kind="mergesort")]
                graph_start, graph = followers_start, followers
            else:
                if way == 2:
                    tried[:] = tried[::-1][np.argsort(-end[tried[::-1]], kind="mergesort")]
                graph_start, graph = needs_start, needs
            if on_lanes_only:
                makespan = on_lanes(
                    tried, graph_start, graph, seconds, count, first, kept, nothing, free_at,
                    gaps, where, start, end,
                )  # fmt: skip
            else:
                makespan = on_vectors(
                    tried, graph_start, graph, seconds, demand, capacity, kept, nothing,
                    gaps, where, start, end,
                )  # fmt: skip
        if makespan > first_makespan:
            makespan = first_makespan
            tried[:] = before
            kept[:] = trial
        temperature = warmth * makespan * (1 - turn / rounds)
        if makespan <= cost or np.random.random() < np.exp((cost - makespan) / temperature):
            cost = makespan
            order[:] = tried
            assigned[:] = kept
        if makespan < best:
            best = makespan
            best_order[:] = tried
            best_assigned[:] = kept
    order[:] = best_order
    assigned[:] = best_assigned
    return best
