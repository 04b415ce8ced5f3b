"""Discrete-event simulation of the dispatcher, for numba.

At each event the ready steps are visited, most urgent first; each goes to the provider on which
it is expected to end first, behind those before it, or to its preferred one if that is not much
later, and starts if it can start now (see ``placement``).
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
    preferred_kind: Integers,
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
        factor: float64[n], the actual over the expected seconds.
        preferred_kind: int32[n], the preferred class of a step.
        stay: A step goes there if it ends later by at most ``stay`` times its duration.
        lookahead: The number of ready steps that are placed even where none can start.
        overrun: A step that overruns is expected to take this fraction of its time so far again.
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
    runs, expected_free = np.full(lanes, -1, np.int32), np.empty(lanes)
    now, ended = 0.0, 0
    while ended < steps:
        idle = 0
        for where in range(lanes):
            expected_free[where] = now
            step = runs[where]
            if step < 0:
                idle += 1
            else:
                duration, so_far = seconds[step, kind[where]], now - start[step]
                expected_free[where] += max(duration - so_far, overrun * so_far)
        position = size - 1
        while position >= 0 and (idle > 0 or size - position <= lookahead):
            step = order[ready[position]]
            best, chosen_lane = np.inf, -1
            for where in range(lanes):
                finish = expected_free[where] + seconds[step, kind[where]]
                if finish < best:
                    best, chosen_lane = finish, where
            if stay > 0:
                preferred_seconds = seconds[step, preferred_kind[step]]
                preferred_finish, preferred_lane = np.inf, -1
                for where in range(lanes):
                    if (
                        seconds[step, kind[where]] == preferred_seconds
                        and expected_free[where] + preferred_seconds < preferred_finish
                    ):
                        preferred_finish, preferred_lane = (
                            expected_free[where] + preferred_seconds,
                            where,
                        )
                if preferred_finish < best + stay * preferred_seconds:
                    best, chosen_lane = preferred_finish, preferred_lane
            if runs[chosen_lane] < 0:
                runs[chosen_lane], lane[step], start[step] = step, chosen_lane, now
                end[step] = now + seconds[step, kind[chosen_lane]] * factor[step]
                size -= 1
                for index in range(position, size):
                    ready[index] = ready[index + 1]
                idle -= 1
            expected_free[chosen_lane] = best
            position -= 1
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
    preferred_provider: Integers,
    stay: float,
    lookahead: int,
    overrun: float,
    provider: Integers,
    start: Floats,
    end: Floats,
) -> float:
    """Run every step by the rule and return the makespan; arguments as above.

    ``seconds`` is float64[n, p], ``demand`` float64[n, r], ``capacity`` float64[p, r].
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
    no_demand = np.zeros(resources)
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
                demand[step], no_demand, pieces,
            )  # fmt: skip
        held_back, position = 0, size - 1
        while position >= 0:
            step = order[ready[position]]
            possible = False
            for where in range(providers):
                if not lacks(free, where, 0, demand[step]):
                    possible = True
            if held_back >= lookahead and not possible:
                break
            best, best_start, chosen_provider, opened = np.inf, 0.0, -1, 0
            for where in range(providers):
                duration = seconds[step, where]
                if duration == np.inf:
                    continue
                limit = best - duration
                begins, piece = earliest(
                    times, free, pieces_of, where, now, duration, demand[step], limit
                )
                if begins < limit:
                    best, best_start, chosen_provider, opened = (
                        begins + duration,
                        begins,
                        where,
                        piece,
                    )
            if stay > 0:
                duration = seconds[step, preferred_provider[step]]
                limit, alike = best + stay * duration - duration, -1
                for where in range(providers):
                    if seconds[step, where] != duration:
                        continue
                    begins, piece = earliest(
                        times, free, pieces_of, where, now, duration, demand[step], limit
                    )
                    if begins < limit:
                        limit, alike, opened = begins, where, piece
                if alike >= 0:
                    best, best_start, chosen_provider = limit + duration, limit, alike
            hold(
                times, free, pieces_of, chosen_provider, opened, best_start, best,
                demand[step], no_demand, pieces,
            )  # fmt: skip
            if best_start <= now and fits_now(
                runs[:running], provider, demand, capacity, chosen_provider, step
            ):
                provider[step], start[step] = chosen_provider, now
                end[step] = now + seconds[step, chosen_provider] * factor[step]
                runs[running] = step
                running += 1
                size -= 1
                for index in range(position, size):
                    ready[index] = ready[index + 1]
            else:
                held_back += 1
            position -= 1
        now = np.inf
        for index in range(running):
            now = min(now, end[runs[index]])
        still_running = 0
        for index in range(running):
            step = runs[index]
            if end[step] > now:
                runs[still_running] = step
                still_running += 1
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
        running = still_running
    return float(now)


@kernel
def fits_now(
    runs: Integers,
    provider: Integers,
    demand: Floats,
    capacity: Floats,
    where: int,
    candidate: int,
) -> bool:
    """Tell whether a provider has room for one step more beside those that really run."""
    for resource in range(capacity.shape[1]):
        load = demand[candidate, resource]
        for index in range(len(runs)):
            if provider[runs[index]] == where:
                load += demand[runs[index], resource]
        if load > capacity[where, resource]:
            return False
    return True
