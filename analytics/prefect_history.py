"""The finished flow runs of a Prefect server, whatever flow they are of, page by page.

Free of Prefect: it is handed a function that reads one page, so that the paging can be tested.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from typing import Protocol, TypeVar
from uuid import UUID

from analytics.history import FlowRun

PAGE = 200


class Identified(Protocol):
    """Anything the server numbers."""

    @property
    def id(self) -> UUID:
        """Its id."""


class ServerFlowRun(Identified, Protocol):
    """What is read of a flow run."""

    @property
    def expected_start_time(self) -> datetime | None:
        """When it should have run first."""

    @property
    def start_time(self) -> datetime | None:
        """When it first ran."""

    @property
    def end_time(self) -> datetime | None:
        """When it finished."""

    @property
    def total_run_time(self) -> timedelta:
        """How long it ran, without what it waited for."""


Found = TypeVar("Found", bound=Identified)


async def read_pages(
    page: Callable[[int, int], Awaitable[Sequence[Found]]], size: int = PAGE
) -> list[Found]:
    """Return everything that ``page(limit, offset)`` gives, each thing once.

    What appears meanwhile moves the later things by one place, so that one may be read twice; it
    is kept once.
    """
    found: dict[UUID, Found] = {}
    offset = 0
    while True:
        read = await page(size, offset)
        found |= {thing.id: thing for thing in read}
        offset += len(read)
        if len(read) < size:
            return list(found.values())


def as_values(run: ServerFlowRun, flow: str, state: str) -> FlowRun:
    """Return the plain values of one flow run."""
    return FlowRun(
        flow=flow,
        state=state,
        started_at=run.start_time.timestamp() if run.start_time else None,
        ended_at=run.end_time.timestamp() if run.end_time else None,
        seconds=run.total_run_time.total_seconds(),
        submitted_at=run.expected_start_time.timestamp() if run.expected_start_time else None,
        id=str(run.id),
    )
