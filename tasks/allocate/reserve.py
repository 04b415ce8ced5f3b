"""Reserving what a plan needs, and saying early with whom it will have to share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from blocks.providers.interface import Resources
from tasks.allocate.conflicts import detect, rivals
from tasks.allocate.reasons import never_fits
from tasks.allocate.windows import Window, merge
from tasks.errors import BadInputError
from tasks.ledger.allocations import queue_state
from tasks.ledger.connection import Ledger
from tasks.ledger.queue import ProviderQueue
from tasks.ledger.reservations import (
    Conflict,
    Reservation,
    cancel_reservations,
    record_conflict,
    reservations,
    reserve,
)
from tasks.plan import Plan


@dataclass(frozen=True, slots=True)
class AllocationReport:
    """What was reserved, what does not fit, and the steps (ids) likely to queue for it."""

    reservations: tuple[Reservation, ...]
    conflicts: tuple[Conflict, ...]
    queued: tuple[str, ...]


def reserve_plan(
    ledger: Ledger, workload_id: str, plan: Plan, demands: Mapping[str, Resources], now: float
) -> AllocationReport:
    """Reserve what ``plan`` needs from ``now`` on, in place of what the workload had reserved.

    ``demands`` is what each step holds while it runs. Conflicts with other workloads are
    recorded and resolved by queueing: admission will let the steps wait for their turn.

    Raises:
        BadInputError: When a step needs more than its provider's whole capacity.
        NotFoundError: When a provider is not registered.
    """
    queues = {item.provider: queue_state(ledger, item.provider) for item in plan.placements}
    _check(plan, demands, queues)
    needed = {name: merge(_windows(plan, name, demands, now)) for name in queues}
    wanted = tuple(
        Reservation(workload_id, name, window.demand, window.start, window.end)
        for name, windows in needed.items()
        for window in windows
    )
    cancel_reservations(ledger, workload_id)
    # Reserved before looking: of two workloads that reserve at once, one at least sees both.
    reserve(ledger, wanted)
    conflicts: list[Conflict] = []
    queued: list[str] = []
    for name, queue in queues.items():
        others = rivals(workload_id, queue, reservations(ledger, name, now), now)
        found, short = detect(workload_id, queue, needed[name], others, now)
        conflicts += found
        queued += _affected(plan, name, short, now)
    for conflict in conflicts:
        record_conflict(ledger, conflict)
    return AllocationReport(wanted, tuple(conflicts), tuple(queued))


def _check(
    plan: Plan, demands: Mapping[str, Resources], queues: Mapping[str, ProviderQueue]
) -> None:
    for item in plan.placements:
        demand, capacity = demands[item.step], queues[item.provider].capacity
        if not capacity.fits(demand):
            raise BadInputError(
                f"steps.{item.step}.demand",
                demand.model_dump(),
                never_fits(item.provider, item.step, demand, capacity),
                "Nothing was reserved.",
            )


def _windows(
    plan: Plan, provider: str, demands: Mapping[str, Resources], now: float
) -> list[Window]:
    return [
        Window(now + item.start_seconds, now + item.end_seconds, demands[item.step])
        for item in plan.placements
        if item.provider == provider and item.end_seconds > item.start_seconds
    ]


def _affected(plan: Plan, provider: str, short: list[Window], now: float) -> list[str]:
    return [
        item.step
        for item in plan.placements
        if item.provider == provider
        and any(part.overlaps(now + item.start_seconds, now + item.end_seconds) for part in short)
    ]
