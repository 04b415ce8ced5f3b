"""Reads once for flow runs that are due at the same time what they have in common.

What was read after a flow run became due is what the stock worker would have read for it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, cast
from uuid import UUID

from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.objects import FlowRun

KEPT = 64
"""How many objects are remembered."""
LONGEST = timedelta(seconds=10)
"""How long an object is given to flow runs that were due before it was read."""

due_since: ContextVar[datetime | None] = ContextVar("due_since", default=None)
"""Since when the flow run is due that this task submits; None where everything is read anew."""


@dataclass
class _Read:
    at: datetime
    value: Any


def due_time(flow_run: FlowRun) -> datetime:
    """Return since when nothing but a worker is missed by a flow run that is scheduled."""
    state = flow_run.state
    scheduled = state.state_details.scheduled_time if state else None
    moments = (flow_run.created, state and state.timestamp, scheduled)
    return max((moment for moment in moments if moment), default=datetime.now(UTC))


class RecentReads:
    """What was read last."""

    def __init__(self) -> None:
        self._reads: dict[tuple[str, UUID | None], _Read] = {}
        self._turn = asyncio.Lock()

    def share(self, client: PrefectClient) -> None:
        """Let ``client`` read deployments, flows and the default storage only where they may have changed."""
        reads = cast("Any", client)
        for name in ("read_deployment", "read_flow", "read_server_default_result_storage"):
            setattr(reads, name, partial(self._read, name, getattr(reads, name)))

    async def _read(
        self, name: str, read: Callable[..., Awaitable[Any]], *ids: UUID, **named: UUID
    ) -> Any:
        since = due_since.get()
        key = (name, next(iter((*ids, *named.values())), None))
        if since is None:
            return await read(*ids, **named)
        async with self._turn:
            known = self._reads.get(key)
            if known is None or not since <= known.at > datetime.now(UTC) - LONGEST:
                at = datetime.now(UTC)
                known = self._reads[key] = _Read(at, await read(*ids, **named))
                while len(self._reads) > KEPT:
                    del self._reads[next(iter(self._reads))]
        # Prefect's worker changes the variables of what it reads.
        return known.value.model_copy(deep=True)
