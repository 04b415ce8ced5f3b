"""The demand of a plan on a provider over time, as a few windows of constant demand."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from blocks.providers.interface import Resources

# The largest number of windows: enough for the shape of a plan; more would only fill the ledger.
MAX_WINDOWS = 50


@dataclass(frozen=True, slots=True)
class Window:
    """``demand`` from ``start`` to ``end``, in epoch seconds."""

    start: float
    end: float
    demand: Resources

    def overlaps(self, start: float, end: float) -> bool:
        """Tell whether this window and that interval overlap."""
        return self.start < end and start < self.end


def merge(parts: Sequence[Window]) -> list[Window]:
    """Add up overlapping parts into successive windows, at most MAX_WINDOWS of them."""
    times = sorted({time for part in parts for time in (part.start, part.end)})
    starts: dict[float, list[Window]] = {time: [] for time in times}
    for part in parts:
        starts[part.start].append(part)
    windows: list[Window] = []
    running: list[Window] = []
    for start, end in pairwise(times):
        running = [part for part in running if part.end > start] + starts[start]
        demand = total(part.demand for part in running)
        if demand == Resources():
            continue
        if windows and (windows[-1].end, windows[-1].demand) == (start, demand):
            windows[-1] = Window(windows[-1].start, end, demand)
        else:
            windows.append(Window(start, end, demand))
    return coarsen(windows) if len(windows) > MAX_WINDOWS else windows


def coarsen(windows: Sequence[Window]) -> list[Window]:
    """Cut the whole time into MAX_WINDOWS equal windows, each with the peak demand in it."""
    start, end = windows[0].start, windows[-1].end
    # Neighbours share an edge: computed twice, it would differ in the last digit.
    edges = [start + (end - start) * index / MAX_WINDOWS for index in range(MAX_WINDOWS)]
    coarse = []
    for low, high in pairwise([*edges, end]):
        within = [window.demand for window in windows if window.overlaps(low, high)]
        if within:
            coarse.append(Window(low, high, peak(within)))
    return coarse


def total(demands: Iterable[Resources]) -> Resources:
    """Add up demands."""
    added = Resources()
    for demand in demands:
        added += demand
    return added


def peak(demands: Iterable[Resources]) -> Resources:
    """Return the largest amount of each resource."""
    most = Resources()
    for demand in demands:
        most = Resources(
            cpus=max(most.cpus, demand.cpus),
            memory_mib=max(most.memory_mib, demand.memory_mib),
            slots=max(most.slots, demand.slots),
        )
    return most
