"""Moves in an order of steps that keep each step behind its needs, for numba.

``place`` is the inverse of an order; graphs are given as in ``Problem``.
"""

from __future__ import annotations

from tasks.planning.core.compiled import kernel
from tasks.planning.core.problem import Integers


@kernel
def shift(order: Integers, place: Integers, old_place: int, new_place: int) -> None:
    """Move the step at ``old_place`` to ``new_place``; ``place`` is the inverse of ``order``."""
    step = order[old_place]
    if new_place > old_place:
        for index in range(old_place, new_place):
            order[index] = order[index + 1]
            place[order[index]] = index
    else:
        for index in range(old_place, new_place, -1):
            order[index] = order[index - 1]
            place[order[index]] = index
    order[new_place] = step
    place[step] = new_place


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
