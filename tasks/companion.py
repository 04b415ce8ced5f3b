"""Work that goes on beside other work: it ends with it, and what it fails of is told, never lost."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, TypeVar

T = TypeVar("T")

Tell = Callable[[str, BaseException], None]
"""Tells what went wrong without ending anything: a sentence without its end, and the error."""


@asynccontextmanager
async def shown(
    newest: list[T], show: Callable[[T], Awaitable[object]], every_seconds: float, tell: Tell
) -> AsyncIterator[None]:
    """Show the only item of ``newest`` whenever it is another, until what is inside has ended.

    What cannot be shown fails nothing: that is told once, and the next one is tried.
    """

    async def show_on(latest: T) -> None:
        """Show what is newer than ``latest``."""
        fault = ""
        while True:
            await asyncio.sleep(every_seconds)
            if newest[0] == latest:
                continue
            latest = newest[0]
            try:
                await show(latest)
            except Exception as error:  # noqa: BLE001 - a picture of the work must not end the work
                if fault != repr(error):
                    tell("Progress is not shown", error)
                fault = repr(error)

    showing = asyncio.create_task(show_on(newest[0]))
    try:
        yield
    finally:
        showing.cancel()
        await to_its_end(showing)


async def to_its_end(work: asyncio.Future[Any]) -> None:
    """Wait until ``work`` is done, however often this is cancelled; only then be cancelled.

    What ``work`` has failed of is for those who look at it.
    """
    cancelled: asyncio.CancelledError | None = None
    while not work.done():
        try:
            await asyncio.wait([work])
        except asyncio.CancelledError as error:
            cancelled = error
    if cancelled:
        raise cancelled


def fault_of(work: asyncio.Future[Any]) -> BaseException | None:
    """Return what ``work``, which is done, has failed of; being cancelled is no fault."""
    return None if work.cancelled() else work.exception()
