"""A wake-up call for all tasks that wait for a change."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable


class Wakeup:
    """Take a ``turn`` before a check, then wait for it: no ring in between is missed."""

    def __init__(self) -> None:
        self._turn = asyncio.Event()

    def ring(self) -> None:
        """Wake all tasks that hold the present turn, and begin the next."""
        self._turn.set()
        self._turn = asyncio.Event()

    def turn(self) -> asyncio.Event:
        """Return the present turn."""
        return self._turn


async def first_of(turn: asyncio.Event, other: Awaitable[None] | None = None) -> None:
    """Wait until ``turn`` has rung or ``other`` is done, and drop the one that is not."""
    waits: list[asyncio.Future[object]] = [asyncio.ensure_future(_awaited(turn.wait()))]
    if other is not None:
        waits.append(asyncio.ensure_future(_awaited(other)))
    try:
        done, _ = await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()
    for wait in done:
        wait.result()


async def _awaited(work: Awaitable[object]) -> object:
    return await work
