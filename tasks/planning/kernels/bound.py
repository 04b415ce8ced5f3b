"""Lower bounds of the makespan, for numba: longest paths and head-tail-work.

Graphs are in topological order and given as in ``Problem``.
"""

from __future__ import annotations

import numpy as np

from tasks.planning.core.compiled import kernel
from tasks.planning.core.problem import Floats, Integers


@kernel
def longest_after(followers_start: Integers, followers: Integers, seconds: Floats) -> Floats:
    """Return the longest path, in seconds, from the end of each step to the end of the graph."""
    after = np.zeros(len(seconds))
    for step in range(len(seconds) - 1, -1, -1):
        for index in range(followers_start[step], followers_start[step + 1]):
            follower = followers[index]
            after[step] = max(after[step], seconds[follower] + after[follower])
    return after


@kernel
def descending(steps: Integers, key: Floats) -> Integers:
    """Return ``steps`` with the largest key first (Shell's sort: quick to compile)."""
    ranked = steps.copy()
    gap = len(ranked) // 2
    while gap > 0:
        for index in range(gap, len(ranked)):
            step, place = ranked[index], index
            while place >= gap and key[ranked[place - gap]] < key[step]:
                ranked[place] = ranked[place - gap]
                place -= gap
            ranked[place] = step
        gap //= 2
    return ranked


@kernel
def head_tail_bound(
    steps: Integers, head: Floats, tail: Floats, volume: Floats, most: int
) -> float:
    """Return the best bound of the form head + volume + tail over subsets of ``steps``.

    For every pair of thresholds, the steps with at least that head and that tail cannot start
    before the one and leave at least the other after them; between, they take their volume.

    Args:
        steps: int32[k], the steps.
        head: float64[n], the earliest start of a step.
        tail: float64[n], the least time from the end of a step to the end of all.
        volume: float64[n, r], the seconds for which a step occupies the whole fleet, by resource.
        most: The number of thresholds of the tail to try.
    """
    best = 0.0
    count = len(steps)
    by_head, by_tail = descending(steps, head), descending(steps, tail)
    stride = max(1, count // most)
    for index in range(0, count, stride):
        least = tail[by_tail[index]]
        if index + stride < count and tail[by_tail[index + stride]] == least:
            continue
        sums = np.zeros(volume.shape[1])
        for position in range(count):
            step = by_head[position]
            if tail[step] >= least:
                for resource in range(volume.shape[1]):
                    sums[resource] += volume[step, resource]
                    best = max(best, head[step] + sums[resource] + least)
    return best


@kernel
def strengthened_heads(
    needs_start: Integers, needs: Integers, seconds: Floats, volume: Floats, most: int
) -> Floats:
    """Return heads: the earliest start of each step, given the work of all that it needs.

    The head of a step is the bound of everything it needs, directly or not (an iterated form of
    Fernandez and Bussell, 1973). O(n^2) memory, O(n^2 * most) time.
    """
    count = len(seconds)
    head = np.zeros(count)
    needed = np.zeros((count, count), np.bool_)
    tail = np.empty(count)
    steps = np.empty(count, np.int32)
    for step in range(count):
        for index in range(needs_start[step], needs_start[step + 1]):
            need = needs[index]
            needed[step, need] = True
            for earlier in range(need):
                needed[step, earlier] |= needed[need, earlier]
            head[step] = max(head[step], head[need] + seconds[need])
        count_needed = 0
        for need in range(step - 1, -1, -1):
            tail[need] = 0.0
            if needed[step, need]:
                steps[count_needed] = need
                count_needed += 1
        # Later ones first, so that the tail of a step is known before those it needs.
        for position in range(count_needed):
            middle = steps[position]
            for index in range(needs_start[middle], needs_start[middle + 1]):
                need = needs[index]
                tail[need] = max(tail[need], tail[middle] + seconds[middle])
        if count_needed > 1:
            head[step] = max(
                head[step], head_tail_bound(steps[:count_needed], head, tail, volume, most)
            )
    return head


@kernel
def packing_bound(
    steps: Integers, head: Floats, tail: Floats, work: Floats, speed: Floats, most: int
) -> float:
    """Return the best bound of the form head + packing + tail over subsets of ``steps``.

    As ``head_tail_bound``, but the steps that remain are whole: lanes hold whole numbers of them.

    Args:
        steps: int32[k], the steps.
        head: float64[n], seconds.
        tail: float64[n], seconds.
        work: float64[n], seconds at speed 1.
        speed: float64[w], of each lane.
        most: The number of thresholds of the tail to try.
    """
    best = 0.0
    by_head, by_tail = descending(steps, head), descending(steps, tail)
    stride = max(1, len(steps) // most)
    for index in range(0, len(steps), stride):
        least = tail[by_tail[index]]
        if index + stride < len(steps) and tail[by_tail[index + stride]] == least:
            continue
        largest = np.empty(len(steps))
        held_count = 0
        for position in range(len(steps)):
            step = by_head[position]
            if tail[step] < least:
                continue
            place = held_count
            while place > 0 and largest[place - 1] < work[step]:
                largest[place] = largest[place - 1]
                place -= 1
            largest[place] = work[step]
            held_count += 1
            around = head[step] + least
            if held_count > 1 and not holds_all(largest[:held_count], speed, best - around):
                best = around + packing_seconds(largest[:held_count], speed, best - around)
    return best


@kernel
def packing_seconds(largest: Floats, speed: Floats, least: float) -> float:
    """Return a time below which these works (descending) do not fit on these lanes.

    Of any ``q`` largest works, a lane of speed ``s`` can do so many in time ``T`` as the smallest
    of the ``q`` add up to ``s * T`` (the pigeonhole bound of Martello and Toth, for unequal lanes).
    """
    low = max(least, 0.0)
    high = max(low, 1e-9)
    while not holds_all(largest, speed, high):
        high *= 2.0
    for _ in range(40):
        middle = (low + high) / 2
        if holds_all(largest, speed, middle):
            high = middle
        else:
            low = middle
    return low


@kernel
def holds_all(largest: Floats, speed: Floats, seconds: float) -> bool:
    """Tell whether ``packing_seconds`` cannot exclude that the works are done in ``seconds``."""
    if seconds <= 0:
        return False
    # Beyond a few on each lane, whole numbers of steps exclude next to nothing more.
    most = min(len(largest), 6 * len(speed))
    sums = np.zeros(most + 1)
    for count in range(most):
        sums[count + 1] = sums[count] + largest[count]
    for count in range(1, most + 1):
        room = fits = 0
        for lane in range(len(speed)):
            if lane == 0 or speed[lane] != speed[lane - 1]:  # many lanes have the same speed
                fits = 0
                while fits < count and sums[count] - sums[count - fits - 1] <= seconds * speed[
                    lane
                ] * (1 + 1e-12):
                    fits += 1
            room += fits
            if room >= count:
                break
        if room < count:
            return False
    return True
