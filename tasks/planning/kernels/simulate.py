"""The loops of ``simulate``: what the dispatcher does, event by event. Imported only by it.

At each event the ready steps are looked at, most urgent first; each goes where it is expected to
end first, behind those before it, or where it was placed if that is not much later, and starts
where that is now (see ``placement``).
"""

from __future__ import annotations

import numpy as np

from tasks.planning.core.compiled import kernel
from tasks.planning.core.problem import Floats, Integers
from tasks.planning.kernels.profile import earliest, hold, lacks


@kernel
def dispatched_on_lanes(
    order: Integers,
    needs_start: Integers,
    followers_start: Integers,
    followers: Integers,
    seconds: Floats,
    kind: Integers,
    factor: Floats,
    placed: Integers,
    stay: float,
    lookahead: int,
    overrun: float,
    lane: Integers,
    start: Floats,
    end: Floats,
) -> float:
    """Run every step by the rule and return the makespan.

    Args:
        order: int32[n], most urgent first.
        needs_start: int32[n + 1].
        followers_start: int32[n + 1].
        followers: int32[m].
        seconds: float64[n, c], as expected.
        kind: int32[w], the class of each lane.
        factor: float64[n], by what the expected seconds are multiplied in fact.
        placed: int32[n], the class a step was placed on.
        stay: So many times its duration there a step may end later for it, and still go there.
        lookahead: So many ready steps are placed even where nothing can start.
        overrun: What runs too long is expected to take this part of its time so far again.
        lane: int32[n], filled.
        start: float64[n], filled.
        end: float64[n], filled.
    """
    steps, lanes = len(order), len(kind)
    waits, rank = np.empty(steps, np.int32), np.empty(steps, np.int32)
    ready, size = np.empty(steps, np.int32), 0  # ranks of ready steps, the most urgent last
    for position in range(steps):
        step = order[position]
        rank[step] = position
        waits[step] = needs_start[step + 1] - needs_start[step]
    for position in range(steps - 1, -1, -1):
        if waits[order[position]] == 0:
            ready[size] = position
            size += 1
    runs, board = np.full(lanes, -1, np.int32), np.empty(lanes)
    now, ended = 0.0, 0
    while ended < steps:
        idle = 0
        for where in range(lanes):
            board[where] = now
            step = runs[where]
            if step < 0:
                idle += 1
            else:
                takes, so_far = seconds[step, kind[where]], now - start[step]
                board[where] += max(takes - so_far, overrun * so_far)
        looked = size - 1
        while looked >= 0 and (idle > 0 or size - looked <= lookahead):
            step = order[ready[looked]]
            best, chosen = np.inf, -1
            for where in range(lanes):
                finish = board[where] + seconds[step, kind[where]]
                if finish < best:
                    best, chosen = finish, where
            if stay > 0:
                usual = seconds[step, placed[step]]
                least, there = np.inf, -1
                for where in range(lanes):
                    if seconds[step, kind[where]] == usual and board[where] + usual < least:
                        least, there = board[where] + usual, where
                if least < best + stay * usual:
                    best, chosen = least, there
            if runs[chosen] < 0:
                runs[chosen], lane[step], start[step] = step, chosen, now
                end[step] = now + seconds[step, kind[chosen]] * factor[step]
                size -= 1
                for index in range(looked, size):
                    ready[index] = ready[index + 1]
                idle -= 1
            board[chosen] = best
            looked -= 1
        now = np.inf
        for where in range(lanes):
            if runs[where] >= 0:
                now = min(now, end[runs[where]])
        for where in range(lanes):
            step = runs[where]
            if step < 0 or end[step] > now:
                continue
            runs[where] = -1
            ended += 1
            for index in range(followers_start[step], followers_start[step + 1]):
                follower = followers[index]
                waits[follower] -= 1
                if waits[follower] == 0:
                    place = size
                    while place > 0 and ready[place - 1] < rank[follower]:
                        ready[place] = ready[place - 1]
                        place -= 1
                    ready[place] = rank[follower]
                    size += 1
    return float(now)


@kernel
def dispatched_on_vectors(
    order: Integers,
    needs_start: Integers,
    followers_start: Integers,
    followers: Integers,
    seconds: Floats,
    demand: Floats,
    capacity: Floats,
    factor: Floats,
    placed: Integers,
    stay: float,
    lookahead: int,
    overrun: float,
    provider: Integers,
    start: Floats,
    end: Floats,
) -> float:
    """Run every step by the rule and return the makespan; arguments as above.

    ``seconds`` is float64[n, p], ``demand`` float64[n, r], ``capacity`` float64[p, r]; ``placed``
    are providers.
    """
    steps, (providers, resources) = len(order), capacity.shape
    waits, rank = np.empty(steps, np.int32), np.empty(steps, np.int32)
    ready, size = np.empty(steps, np.int32), 0  # ranks of ready steps, the most urgent last
    for position in range(steps):
        step = order[position]
        rank[step] = position
        waits[step] = needs_start[step + 1] - needs_start[step]
    for position in range(steps - 1, -1, -1):
        if waits[order[position]] == 0:
            ready[size] = position
            size += 1
    pieces = 2 * steps + 1
    times = np.zeros((providers, pieces + 3))
    free = np.zeros((providers, pieces + 3, resources))
    pieces_of = np.ones(providers, np.int32)
    runs, running = np.empty(steps, np.int32), 0
    nothing = np.zeros(resources)
    now, ended = 0.0, 0
    while ended < steps:
        for where in range(providers):
            times[where, 0], pieces_of[where] = now, 1
            free[where, 0, :] = capacity[where]
        for index in range(running):
            step = runs[index]
            so_far = now - start[step]
            rest = max(seconds[step, provider[step]] - so_far, overrun * so_far)
            hold(
                times, free, pieces_of, provider[step], 0, now, now + rest,
                demand[step], nothing, pieces,
            )  # fmt: skip
        held_back, looked = 0, size - 1
        while looked >= 0:
            step = order[ready[looked]]
            possible = False
            for where in range(providers):
                if not lacks(free, where, 0, demand[step]):
                    possible = True
            if held_back >= lookahead and not possible:
                break
            best, best_start, chosen, opened = np.inf, 0.0, -1, 0
            for where in range(providers):
                takes = seconds[step, where]
                if takes == np.inf:
                    continue
                limit = best - takes
                begins, piece = earliest(
                    times, free, pieces_of, where, now, takes, demand[step], limit
                )
                if begins < limit:
                    best, best_start, chosen, opened = begins + takes, begins, where, piece
            if stay > 0:
                takes = seconds[step, placed[step]]
                limit, there = best + stay * takes - takes, -1
                for where in range(providers):
                    if seconds[step, where] != takes:
                        continue
                    begins, piece = earliest(
                        times, free, pieces_of, where, now, takes, demand[step], limit
                    )
                    if begins < limit:
                        limit, there, opened = begins, where, piece
                if there >= 0:
                    best, best_start, chosen = limit + takes, limit, there
            hold(
                times, free, pieces_of, chosen, opened, best_start, best,
                demand[step], nothing, pieces,
            )  # fmt: skip
            if best_start <= now and fits_now(
                runs[:running], provider, demand, capacity, chosen, step
            ):
                provider[step], start[step] = chosen, now
                end[step] = now + seconds[step, chosen] * factor[step]
                runs[running] = step
                running += 1
                size -= 1
                for index in range(looked, size):
                    ready[index] = ready[index + 1]
            else:
                held_back += 1
            looked -= 1
        now = np.inf
        for index in range(running):
            now = min(now, end[runs[index]])
        left = 0
        for index in range(running):
            step = runs[index]
            if end[step] > now:
                runs[left] = step
                left += 1
                continue
            ended += 1
            for follow in range(followers_start[step], followers_start[step + 1]):
                follower = followers[follow]
                waits[follower] -= 1
                if waits[follower] == 0:
                    place = size
                    while place > 0 and ready[place - 1] < rank[follower]:
                        ready[place] = ready[place - 1]
                        place -= 1
                    ready[place] = rank[follower]
                    size += 1
        running = left
    return float(now)


@kernel
def fits_now(
    runs: Integers,
    provider: Integers,
    demand: Floats,
    capacity: Floats,
    where: int,
    asked: int,
) -> bool:
    """Tell whether a provider holds one step more beside those that run in fact."""
    for resource in range(capacity.shape[1]):
        held = demand[asked, resource]
        for index in range(len(runs)):
            if provider[runs[index]] == where:
                held += demand[runs[index], resource]
        if held > capacity[where, resource]:
            return False
    return True
