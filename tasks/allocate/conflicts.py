"""Detection of conflicts between the needs of a workload and the claims of others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from blocks.providers.interface import Resources
from tasks.allocate.admission import expected_end
from tasks.allocate.reasons import holders, shortage
from tasks.allocate.windows import Window, peak, total
from tasks.ledger.queue import ProviderQueue
from tasks.ledger.reservations import Conflict, Reservation

QUEUE = "queue"


@dataclass(frozen=True, slots=True)
class Rival:
    """A window of the provider that another workload has reserved or holds.

    A running workload holds what it has reserved, so the larger of the two counts, not the sum.
    """

    name: str
    window: Window
    held: bool

    @property
    def workload(self) -> str:
        """The workload it belongs to."""
        return self.name.split("/", 1)[0]


def rivals(
    workload: str, queue: ProviderQueue, reservations: Sequence[Reservation], now: float
) -> list[Rival]:
    """Return the windows that all other workloads have of the provider from ``now`` on."""
    held = [
        Rival(item.owner, Window(item.since, expected_end(item, now), item.demand), held=True)
        for item in queue.held
    ]
    reserved = [
        Rival(item.workload, Window(item.start, item.end, item.demand), held=False)
        for item in reservations
        if item.end > now
    ]
    return [rival for rival in (*held, *reserved) if rival.workload != workload]


def detect(
    workload: str,
    queue: ProviderQueue,
    windows: Sequence[Window],
    others: Sequence[Rival],
    now: float,
) -> tuple[list[Conflict], list[Window]]:
    """Return one conflict for each resource, at its worst, and the windows with a shortage."""
    worst: dict[str, tuple[float, Window]] = {}
    short: list[Window] = []
    for window in windows:
        for part in _parts(window, others):
            missing = _free(queue.capacity, part, others).lacks(part.demand)
            if missing:
                short.append(part)
            for resource, amount in missing.items():
                if amount > worst.get(resource, (0.0, part))[0]:
                    worst[resource] = (amount, part)
    conflicts = [
        Conflict(
            workload,
            queue.provider,
            resource,
            missing,
            QUEUE,
            now,
            _reason(queue, {resource: missing}, part, others, now),
        )
        for resource, (missing, part) in worst.items()
    ]
    return conflicts, short


def _parts(window: Window, others: Sequence[Rival]) -> list[Window]:
    """Cut ``window`` wherever a rival begins or ends, so that each part has constant rivals."""
    cuts = {window.start, window.end}
    for rival in others:
        cuts |= {rival.window.start, rival.window.end}
    times = sorted(time for time in cuts if window.start <= time <= window.end)
    return [Window(start, end, window.demand) for start, end in pairwise(times)]


def _free(capacity: Resources, part: Window, others: Sequence[Rival]) -> Resources:
    by_workload: dict[str, dict[bool, list[Resources]]] = {}
    for rival in others:
        if rival.window.overlaps(part.start, part.end):
            claims = by_workload.setdefault(rival.workload, {True: [], False: []})
            claims[rival.held].append(rival.window.demand)
    used = total(
        peak([total(claims[True]), total(claims[False])]) for claims in by_workload.values()
    )
    return capacity.minus(used)


def _reason(
    queue: ProviderQueue,
    missing: Mapping[str, float],
    part: Window,
    others: Sequence[Rival],
    now: float,
) -> str:
    holding = {
        rival.name: rival.window.end - now
        for rival in others
        if rival.window.overlaps(part.start, part.end)
        and any(getattr(rival.window.demand, name) for name in missing)
    }
    when = f" in about {round(part.start - now)} s" if part.start > now + 1 else ""
    shortage_text = f"{shortage(queue.provider, missing, queue.capacity)}{when}"
    return f"{shortage_text}: {holders(list(holding.items()))}"
