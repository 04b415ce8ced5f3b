"""Lets a few flow runs begin at a time, so that those of the critical queue begin beside any number.

To begin takes a flow run half a second of a core and of the server. If all of a burst began at once,
none would be there before the last, and a rollback that comes later would wait for them.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from uuid import UUID

BEGIN_SECONDS = 5.0
"""How long a flow run may keep others waiting with its first line."""


def most_at_once() -> int:
    """Return how many flow runs this machine has begin at a time: one for each core, two at least.

    With two for each, a rollback beside ten launches waits twice as long for its first line.
    """
    return max(2, os.cpu_count() or 1)


class Starts:
    """The flow runs that begin just now.

    Args:
        most: How many may, beside urgent ones; the others wait in the order in which they came.
        begin_seconds: How long each may take until another one begins.
    """

    def __init__(self, most: int, begin_seconds: float = BEGIN_SECONDS) -> None:
        self._free = asyncio.Semaphore(most)
        self._begin_seconds = begin_seconds
        self._begun: dict[UUID, asyncio.Event] = {}

    @asynccontextmanager
    async def turn(self, flow_run_id: UUID, *, urgent: bool) -> AsyncIterator[None]:
        """Wait until the flow run may begin; an urgent one may at once."""
        if urgent:
            yield
            return
        async with self._free:
            self._begun[flow_run_id] = asyncio.Event()
            try:
                yield
            finally:
                del self._begun[flow_run_id]

    def began(self, flow_run_id: UUID) -> None:
        """Note that a flow run has its first line, or has ended without one."""
        if begun := self._begun.get(flow_run_id):
            begun.set()

    async def first_line(self, flow_run_id: UUID) -> None:
        """Wait until a flow run has begun, though not for ever: it may hang."""
        if begun := self._begun.get(flow_run_id):
            with suppress(TimeoutError):
                async with asyncio.timeout(self._begin_seconds):
                    await begun.wait()
