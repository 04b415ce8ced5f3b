"""Fencing, which refuses a writer whose workload was taken over by another."""

from __future__ import annotations

from sqlalchemy import Connection, bindparam, select

from tasks.errors import NotFoundError, StaleFenceError
from tasks.ledger.tables.work import workloads

_FENCE = select(workloads.c.fence).where(workloads.c.id == bindparam("workload"))


def check_fence(connection: Connection, workload: str, fence: int) -> None:
    """Refuse a ``fence`` that is older than the workload's, or a workload that nobody opened.

    Raises:
        StaleFenceError: When another run holds the workload now.
        NotFoundError: When there is no such workload.
    """
    current = current_fence(connection, workload)
    if current is None:
        raise NotFoundError("workload", workload, [], "Open it first.")
    if fence < current:
        raise StaleFenceError(
            f"workload {workload} was taken over: its fence is {current}, this run's is {fence}"
        )


def current_fence(connection: Connection, workload: str) -> int | None:
    """Return the fence of ``workload``; None if nobody opened it."""
    fence: int | None = connection.execute(_FENCE, {"workload": workload}).scalar_one_or_none()
    return fence
