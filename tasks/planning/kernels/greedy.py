"""Greedy dispatching, for numba. Graphs are given as in ``Problem``."""

from __future__ import annotations

import numpy as np

from tasks.planning.core.compiled import kernel
from tasks.planning.core.problem import Floats, Integers
from tasks.planning.kernels.profile import least


@kernel
def dispatch_greedily(
    urgency: Floats,
    needs_start: Integers,
    followers_start: Integers,
    followers: Integers,
    seconds: Floats,
    demand: Floats,
    capacity: Floats,
    provider: Integers,
    start: Floats,
    end: Floats,
) -> float:
    """Start any ready step wherever there is room; return the makespan.

    Of the ready steps, the most urgent starts first, else the one that has been ready longest; of
    the providers with room, the one that got its last step longest ago. No step waits for a
    faster provider.

    Args:
        urgency: float64[n]; all equal: first in, first out.
        needs_start: int32[n + 1].
        followers_start: int32[n + 1].
        followers: int32[m].
        seconds: float64[n, p].
        demand: float64[n, r].
        capacity: float64[p, r].
        provider: int32[n], filled.
        start: float64[n], filled.
        end: float64[n], filled.
    """
    steps, (providers, resources) = len(urgency), capacity.shape
    waits = np.empty(steps, np.int32)
    ready, head, tail = np.empty(steps, np.int32), 0, 0
    for step in range(steps):
        waits[step] = needs_start[step + 1] - needs_start[step]
        if waits[step] == 0:
            tail = queued(ready, head, tail, step, urgency)
    free, last_start = capacity.copy(), np.zeros(providers, np.int64)
    runs, running = np.empty(steps, np.int32), 0
    smallest = least(demand)
    now, ended, count = 0.0, 0, 0
    while ended < steps:
        position = head
        while position < tail:
            any_room = False
            for where in range(providers):
                enough = True
                for resource in range(resources):
                    if free[where, resource] < smallest[resource]:
                        enough = False
                any_room |= enough
            if not any_room:
                break
            step, provider_index = ready[position], -1
            for where in range(providers):
                fits = seconds[step, where] < np.inf
                for resource in range(resources):
                    if free[where, resource] < demand[step, resource]:
                        fits = False
                if fits and (provider_index < 0 or last_start[where] < last_start[provider_index]):
                    provider_index = where
            if provider_index >= 0:
                count += 1
                last_start[provider_index] = count
                provider[step], start[step] = provider_index, now
                end[step] = now + seconds[step, provider_index]
                for resource in range(resources):
                    free[provider_index, resource] -= demand[step, resource]
                runs[running] = step
                running += 1
                for index in range(position, head, -1):
                    ready[index] = ready[index - 1]
                head += 1
            position += 1
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
            for resource in range(resources):
                free[provider[step], resource] += demand[step, resource]
            for follow in range(followers_start[step], followers_start[step + 1]):
                follower = followers[follow]
                waits[follower] -= 1
                if waits[follower] == 0:
                    tail = queued(ready, head, tail, follower, urgency)
        running = still_running
    return float(now)


@kernel
def queued(ready: Integers, head: int, tail: int, step: int, urgency: Floats) -> int:
    """Insert ``step`` among the ready ones by its urgency; return their new end."""
    place = tail
    while place > head and urgency[ready[place - 1]] < urgency[step]:
        ready[place] = ready[place - 1]
        place -= 1
    ready[place] = step
    return tail + 1
