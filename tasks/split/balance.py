"""The balancing of items over bins of equal or unequal size, longest item first; pure.

For equal bins this is longest processing time first (Graham, Bounds on multiprocessing timing
anomalies, 1969), for unequal ones its form for uniform machines (Gonzalez, Ibarra and Sahni, 1977).
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Sequence

Bins = list[list[int]]


def equal_bins(seconds: Sequence[float], count: int) -> Bins:
    """Return the items (numbers) of ``count`` bins of about the same duration; none is empty."""
    return fitted_bins(seconds, [1.0] * count, 0.0)


def fitted_bins(seconds: Sequence[float], speeds: Sequence[float], startup: float) -> Bins:
    """Return one bin for each of ``speeds``, so that all of them end at about the same time.

    ``startup`` are seconds that each bin takes before its items. Empty bins are left out.
    """
    bins: Bins = [[] for _ in speeds]
    # The count breaks ties, so that items that take no time are spread as well.
    tops: dict[float, list[tuple[float, int, int]]] = {}
    for index, speed in enumerate(speeds):
        tops.setdefault(speed, []).append((startup, 0, index))
    classes = list(tops.items())
    for item in sorted(range(len(seconds)), key=lambda n: (-seconds[n], n)):
        duration = seconds[item]
        speed, heap = min(
            classes,
            key=lambda pair: ((pair[1][0][0] + duration) / pair[0], pair[1][0][1], -pair[0]),
        )
        load, count, index = heap[0]
        bins[index].append(item)
        heapq.heapreplace(heap, (load + duration, count + 1, index))
    return [sorted(members) for members in bins if members]


def bin_speeds(lanes: Sequence[float], count: int) -> list[float]:
    """Return the speeds of ``count`` bins; ``lanes`` are speeds, fastest first.

    Up to the number of lanes, each bin has a lane of its own. Each further bin shares the lane
    with the largest bins, and its speed.
    """
    shares = Counter(range(min(count, len(lanes))))
    for _ in range(count - len(lanes)):
        shares[max(shares, key=lambda lane: lanes[lane] / shares[lane])] += 1
    return [lanes[lane] / times for lane, times in shares.items() for _ in range(times)]
