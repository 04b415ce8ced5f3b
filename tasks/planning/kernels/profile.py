"""The free capacity of providers over time, piecewise constant, for numba: latest pieces only.

It is `core.timeline` on the arrays of all providers, as numba compiles no objects.
``times`` is float64[p, k], when each piece begins; ``free`` is float64[p, k, r]; ``size`` is
int32[p], the number of pieces. All capacity is free at the far end.
"""

from __future__ import annotations

import numpy as np

from tasks.planning.core.compiled import kernel
from tasks.planning.core.problem import Floats, Integers


@kernel
def earliest(
    times: Floats,
    free: Floats,
    size: Integers,
    where: int,
    ready: float,
    duration: float,
    demand: Floats,
    limit: float,
) -> tuple[float, int]:
    """Return when ``demand`` is free for ``duration`` seconds, and in which piece that is.

    The search ends where it would have to begin at ``limit`` or later; then that is returned.
    """
    low, high = 0, size[where] - 1  # the last piece that begins at or before `ready`
    while low < high:
        middle = (low + high + 1) // 2
        if times[where, middle] <= ready:
            low = middle
        else:
            high = middle - 1
    piece = opened = low
    begins = max(ready, times[where, piece])
    while begins < limit:
        if lacks(free, where, piece, demand):
            piece += 1
            opened = piece
            begins = times[where, piece]
        elif piece + 1 == size[where] or times[where, piece + 1] >= begins + duration:
            return begins, opened
        else:
            piece += 1
    return limit, opened


@kernel
def lacks(free: Floats, where: int, piece: int, demand: Floats) -> bool:
    """Tell whether a piece has less free than ``demand``."""
    for resource in range(len(demand)):
        if free[where, piece, resource] < demand[resource]:
            return True
    return False


@kernel
def hold(
    times: Floats,
    free: Floats,
    size: Integers,
    where: int,
    piece: int,
    start: float,
    end: float,
    demand: Floats,
    smallest: Floats,
    pieces: int,
) -> None:
    """Take ``demand`` from ``start``, which is in ``piece`` or later, to ``end``.

    Pieces at the beginning with less free than ``smallest`` are dropped, and more pieces where
    there are more than ``pieces``.
    """
    if end <= start:
        return
    begun = cut(times, free, size, where, piece, start)
    ended = cut(times, free, size, where, begun, end)
    for index in range(begun, ended):
        for resource in range(len(demand)):
            free[where, index, resource] -= demand[resource]
    drop = 0
    if begun == 0:
        while drop + 1 < size[where] and lacks(free, where, drop, smallest):
            drop += 1
    if size[where] - drop > pieces:
        drop = size[where] - pieces * 3 // 4
    if drop:
        for index in range(size[where] - drop):
            times[where, index] = times[where, index + drop]
            for resource in range(len(demand)):
                free[where, index, resource] = free[where, index + drop, resource]
        size[where] -= drop


@kernel
def cut(times: Floats, free: Floats, size: Integers, where: int, piece: int, moment: float) -> int:
    """Return the piece that begins at ``moment``; a piece is cut in two where none does."""
    while piece + 1 < size[where] and times[where, piece + 1] <= moment:
        piece += 1
    if times[where, piece] >= moment:
        return piece
    for index in range(size[where], piece + 1, -1):
        times[where, index] = times[where, index - 1]
        for resource in range(free.shape[2]):
            free[where, index, resource] = free[where, index - 1, resource]
    times[where, piece + 1] = moment
    for resource in range(free.shape[2]):
        free[where, piece + 1, resource] = free[where, piece, resource]
    size[where] += 1
    return piece + 1


@kernel
def least(demand: Floats) -> Floats:
    """Return the least demand of any step, by resource."""
    smallest = np.full(demand.shape[1], np.inf)
    for step in range(len(demand)):
        for resource in range(demand.shape[1]):
            smallest[resource] = min(smallest[resource], demand[step, resource])
    return smallest
