"""Handovers, by which a grant passes from one step of a workload to another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, delete, update

from tasks.claim import Claim
from tasks.ledger.holdings import move_epochs
from tasks.ledger.tables.capacity import allocations, waiting

# What the new owner held under a former fence.
_DROP_FORMER = delete(allocations).where(
    allocations.c.provider == bindparam("of_provider"),
    allocations.c.owner == bindparam("new_owner"),
    allocations.c.fence < bindparam("of_fence"),
)
_RENAME = (
    update(allocations)
    .where(allocations.c.id == bindparam("of_id"), allocations.c.fence == bindparam("of_fence"))
    .values(
        owner=bindparam("new_owner"),
        since=bindparam("new_since"),
        expected_seconds=bindparam("new_seconds"),
    )
)


@dataclass(frozen=True, slots=True)
class Handover:
    """A grant that passes from a claim of a workload to ``claim``, another one of it, at ``now``.

    ``waited`` says whether ``claim`` may stand in a queue.
    """

    allocation_id: int
    claim: Claim
    now: float
    waited: bool


def hand_over(connection: Connection, handovers: Sequence[Handover]) -> Sequence[Exception | None]:
    """Write that grants have other owners now; the capacity in use stays the same.

    A new owner holds nothing of that provider under its own fence.
    """
    rows = [
        {
            "of_id": each.allocation_id,
            "of_provider": each.claim.provider,
            "of_fence": each.claim.fence,
            "new_owner": each.claim.owner,
            "new_since": each.now,
            "new_seconds": each.claim.expected_seconds,
        }
        for each in handovers
    ]
    connection.execute(_DROP_FORMER, rows)
    connection.execute(_RENAME, rows)
    if waited := [each.claim for each in handovers if each.waited]:
        owners = [claim.owner for claim in waited]
        connection.execute(delete(waiting).where(waiting.c.owner.in_(owners)))
        move_epochs(connection, {claim.provider for claim in waited})
    return [None] * len(handovers)
