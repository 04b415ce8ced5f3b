"""Flow runs, page by page."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from analytics.history import FlowRun
from analytics.prefect_history import as_values, read_pages


@dataclass(frozen=True)
class ServerRun:
    """A flow run as the client gives it."""

    id: UUID = field(default_factory=uuid4)
    expected_start_time: datetime | None = datetime(2025, 12, 31, tzinfo=UTC)
    start_time: datetime | None = datetime(2026, 1, 1, tzinfo=UTC)
    end_time: datetime | None = datetime(2026, 1, 2, tzinfo=UTC)
    total_run_time: timedelta = timedelta(seconds=3)


class Server:
    """Gives pages of its flow runs; ``busy``: another one finishes after every page."""

    def __init__(self, number: int, *, busy: bool = False) -> None:
        self.runs = [ServerRun() for _ in range(number)]
        self._busy = busy

    async def page(self, limit: int, offset: int) -> list[ServerRun]:
        """Give one page."""
        read = self.runs[offset : offset + limit]
        if self._busy:
            self.runs.insert(0, ServerRun())
        return read


@pytest.mark.parametrize("number", [0, 1, 4, 5, 6, 10, 11])
async def test_every_page_is_read(number: int) -> None:
    """History beyond the first page would be ignored."""
    server = Server(number)
    assert await read_pages(server.page, size=5) == server.runs


async def test_a_run_that_moves_between_pages_counts_once() -> None:
    """A flow run that finishes meanwhile would make another one count twice."""
    server = Server(8, busy=True)
    there_before = set(server.runs)
    found = await read_pages(server.page, size=5)
    assert len(found) == len(set(found))
    assert there_before <= set(found)


def test_values() -> None:
    """Times would be off by a time zone, or a run that never started fail the training."""
    run = ServerRun()
    assert as_values(run, "ship", "COMPLETED") == FlowRun(
        "ship", "COMPLETED", 1767225600.0, 1767312000.0, 3.0, 1767139200.0, str(run.id)
    )
    assert as_values(ServerRun(start_time=None), "ship", "FAILED").started_at is None
