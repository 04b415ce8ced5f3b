"""The loop of ``greedy``. Graphs are given as in ``Problem``. Imported only by what computes."""

from __future__ import annotations

import numpy as np

from tasks.planning.core.compiled import kernel
from tasks.planning.core.problem import Floats, Integers
from tasks.planning.kernels.profile import least


@kernel
def greedily(
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
    """Start whatever is ready wherever there is room; return the makespan.

    Of what is ready, the most urgent first, else what has been ready longest; of providers with
    room, the one that was given nothing for longest. Nothing is waited for.

    Args:
        urgency: float64[n]; all alike: first in, first out.
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
    free, given = capacity.copy(), np.zeros(providers, np.int64)
    runs, running = np.empty(steps, np.int32), 0
    smallest = least(demand)
    now, ended, count = 0.0, 0, 0
    while ended < steps:
        looked = head
        while looked < tail:
            room = False
            for where in range(providers):
                enough = True
                for resource in range(resources):
                    if free[where, resource] < smallest[resource]:
                        enough = False
                room |= enough
            if not room:
                break
            step, chosen = ready[looked], -1
            for where in range(providers):
                fits = seconds[step, where] < np.inf
                for resource in range(resources):
                    if free[where, resource] < demand[step, resource]:
                        fits = False
                if fits and (chosen < 0 or given[where] < given[chosen]):
                    chosen = where
            if chosen >= 0:
                count += 1
                given[chosen] = count
                provider[step], start[step] = chosen, now
                end[step] = now + seconds[step, chosen]
                for resource in range(resources):
                    free[chosen, resource] -= demand[step, resource]
                runs[running] = step
                running += 1
                for index in range(looked, head, -1):
                    ready[index] = ready[index - 1]
                head += 1
            looked += 1
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
            for resource in range(resources):
                free[provider[step], resource] += demand[step, resource]
            for follow in range(followers_start[step], followers_start[step + 1]):
                follower = followers[follow]
                waits[follower] -= 1
                if waits[follower] == 0:
                    tail = queued(ready, head, tail, follower, urgency)
        running = left
    return float(now)


@kernel
def queued(ready: Integers, head: int, tail: int, step: int, urgency: Floats) -> int:
    """Put ``step`` in its place among the ready ones, the next one first; return their end."""
    place = tail
    while place > head and urgency[ready[place - 1]] < urgency[step]:
        ready[place] = ready[place - 1]
        place -= 1
    ready[place] = step
    return tail + 1
