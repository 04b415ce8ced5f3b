"""Background tasks that end with the main work, and whose failures are reported."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, TypeVar

T = TypeVar("T")

Tell = Callable[[str, BaseException], None]
"""Reports a failure without ending anything: a sentence without its end, and the error."""


@asynccontextmanager
async def shown(
    newest: list[T], show: Callable[[T], Awaitable[object]], every_seconds: float, tell: Tell
) -> AsyncIterator[None]:
    """Show the only item of ``newest`` whenever it has changed, until the body has ended.

    A failure to show is reported once and ends nothing; the next item is tried.
    """

    async def show_on(latest: T) -> None:
        """Show every item that is newer than ``latest``."""
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
    """Wait until ``work`` is done, even if this is cancelled meanwhile; only then be cancelled.

    The error of ``work`` is not raised here; see `fault_of`.
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
    """Return the error of ``work``, which is done; being cancelled is not an error."""
    return None if work.cancelled() else work.exception()
