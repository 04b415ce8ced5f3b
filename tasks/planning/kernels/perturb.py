"""Perturbed orders with double justification, for numba.

A candidate is an order of the steps (no step before its needs) and, where it is not left to the
earliest finish, the kind on which each of them runs. Graphs are given as in ``Problem``.
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
        bound: Seconds; the search ends where it is reached.
        warmth: The first temperature, relative to the makespan; it falls to zero.
        rounds: The number of perturbations to try.
        seed: Of the random numbers.
    """
    np.random.seed(seed)
    steps, kinds = len(order), seconds.shape[1]
    where, start, end = np.empty(steps, np.int32), np.empty(steps), np.empty(steps)
    release = np.zeros(steps)
    free_at = np.zeros(int(count.sum()))
    kind_of = np.empty(len(free_at), np.int32)
    for kind in range(kinds):
        kind_of[first[kind] : first[kind] + count[kind]] = kind
    place = np.empty(steps, np.int32)
    best_order, best_assigned, best = order.copy(), assigned.copy(), np.inf
    trial_order, trial_assigned = order.copy(), assigned.copy()
    cost = np.inf
    for turn in range(rounds):
        if best <= bound:
            break
        trial_order[:] = order
        trial_assigned[:] = assigned
        shifts = 1 + int(np.random.random() * 3) if turn else 0
        for index in range(steps):
            place[trial_order[index]] = index
        for _ in range(shifts):
            step = int(np.random.random() * steps)
            if kinds > 1 and np.random.random() < 0.4:
                kind = int(np.random.random() * kinds)
                if trial_assigned[step] >= 0 and np.random.random() < 0.3:
                    trial_assigned[step] = -1
                elif seconds[step, kind] < np.inf:
                    trial_assigned[step] = kind
                continue
            low, high = room(step, place, needs_start, needs, followers_start, followers)
            shift(trial_order, place, place[step], low + int(np.random.random() * (high - low + 1)))
        makespan = np.inf
        for pass_number in range(3):
            if pass_number == 1:
                first_order, first_assigned = trial_order.copy(), trial_assigned.copy()
                first_makespan = makespan
                for step in range(steps):
                    trial_assigned[step] = kind_of[where[step]] if on_lanes_only else where[step]
                trial_order[:] = trial_order[::-1][
                    np.argsort(-end[trial_order[::-1]], kind="mergesort")
                ]
                graph_start, graph = followers_start, followers
            else:
                if pass_number == 2:
                    trial_order[:] = trial_order[::-1][
                        np.argsort(-end[trial_order[::-1]], kind="mergesort")
                    ]
                graph_start, graph = needs_start, needs
            if on_lanes_only:
                makespan = on_lanes(
                    trial_order, graph_start, graph, seconds, count, first,
                    trial_assigned, release, free_at, gaps, where, start, end,
                )  # fmt: skip
            else:
                makespan = on_vectors(
                    trial_order, graph_start, graph, seconds, demand, capacity,
                    trial_assigned, release, gaps, where, start, end,
                )  # fmt: skip
        if makespan > first_makespan:
            makespan = first_makespan
            trial_order[:] = first_order
            trial_assigned[:] = first_assigned
        temperature = warmth * makespan * (1 - turn / rounds)
        if makespan <= cost or np.random.random() < np.exp((cost - makespan) / temperature):
            cost = makespan
            order[:] = trial_order
            assigned[:] = trial_assigned
        if makespan < best:
            best = makespan
            best_order[:] = trial_order
            best_assigned[:] = trial_assigned
    order[:] = best_order
    assigned[:] = best_assigned
    return best
