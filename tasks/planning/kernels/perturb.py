"""Perturbed orders with double justification. Imported only by what computes.

A candidate is an order of the steps (no step before what it needs) and, where it is not left to
the earliest finish, the kind each of them runs on. Graphs are given as in ``Problem``.
"""

from __future__ import annotations

import numpy as np

from tasks.planning.core.compiled import search
from tasks.planning.core.problem import Floats, Integers
from tasks.planning.kernels.construct import on_lanes, on_vectors
from tasks.planning.kernels.order import room, shift


@search
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
