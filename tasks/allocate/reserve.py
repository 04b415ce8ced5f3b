"""The reservation of a plan's windows, and the conflicts with other workloads."""

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
    """The reservations, the conflicts, and the steps (ids) that are likely to queue."""

    reservations: tuple[Reservation, ...]
    conflicts: tuple[Conflict, ...]
    queued: tuple[str, ...]


def reserve_plan(
    ledger: Ledger, workload_id: str, plan: Plan, demands: Mapping[str, Resources], now: float
) -> AllocationReport:
    """Reserve the windows of ``plan`` from ``now`` on; they replace those of the workload.

    ``demands`` are those of each step. Conflicts with other workloads are recorded and resolved
    by queueing: admission will let the steps wait for their turn.

    Raises:
        BadInputError: When a step needs more than its provider's whole capacity.
        NotFoundError: When a provider is not registered.
    """
    names = dict.fromkeys(placement.provider for placement in plan.placements)
    queues = {name: queue_state(ledger, name) for name in names}
    _check(plan, demands, queues)
    needed = {name: merge(_windows(plan, name, demands, now)) for name in queues}
    planned = tuple(
        Reservation(workload_id, name, window.demand, window.start, window.end)
        for name, windows in needed.items()
        for window in windows
    )
    cancel_reservations(ledger, workload_id)
    # Reserved before the check: of two workloads that reserve at once, at least one sees both.
    reserve(ledger, planned)
    conflicts: list[Conflict] = []
    queued: list[str] = []
    for name, queue in queues.items():
        others = rivals(workload_id, queue, reservations(ledger, name, now), now)
        new_conflicts, short = detect(workload_id, queue, needed[name], others, now)
        conflicts += new_conflicts
        queued += _affected(plan, name, short, now)
    for conflict in conflicts:
        record_conflict(ledger, conflict)
    return AllocationReport(planned, tuple(conflicts), tuple(queued))


def _check(
    plan: Plan, demands: Mapping[str, Resources], queues: Mapping[str, ProviderQueue]
) -> None:
    for placement in plan.placements:
        demand, capacity = demands[placement.step], queues[placement.provider].capacity
        if not capacity.fits(demand):
            raise BadInputError(
                f"steps.{placement.step}.demand",
                demand.model_dump(),
                never_fits(placement.provider, placement.step, demand, capacity),
                "Nothing was reserved.",
            )


def _windows(
    plan: Plan, provider: str, demands: Mapping[str, Resources], now: float
) -> list[Window]:
    return [
        Window(now + placement.start_seconds, now + placement.end_seconds, demands[placement.step])
        for placement in plan.placements
        if placement.provider == provider and placement.end_seconds > placement.start_seconds
    ]


def _affected(plan: Plan, provider: str, short: list[Window], now: float) -> list[str]:
    return [
        placement.step
        for placement in plan.placements
        if placement.provider == provider
        and any(
            part.overlaps(now + placement.start_seconds, now + placement.end_seconds)
            for part in short
        )
    ]
