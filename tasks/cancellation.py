"""Work in a thread that learns that its run was cancelled, and is waited for."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextvars import ContextVar, copy_context
from typing import TypeVar

from tasks.companion import fault_of, to_its_end

T = TypeVar("T")

_CANCELLED: ContextVar[threading.Event | None] = ContextVar("cancelled", default=None)


def is_cancelled() -> bool:
    """Tell work whether its run was cancelled: what it has started ends with it."""
    cancelled = _CANCELLED.get()
    return cancelled is not None and cancelled.is_set()


async def in_thread(work: Callable[[], T]) -> T:
    """Return what ``work`` gives, done in a thread.

    Where this is cancelled, ``work`` learns it from `is_cancelled` and is waited for.
    """
    cancelled = threading.Event()

    def told_work() -> T:
        """Do it, where it can be told."""
        _CANCELLED.set(cancelled)  # in the copied context only
        return work()

    working = asyncio.get_running_loop().run_in_executor(None, copy_context().run, told_work)
    try:
        return await asyncio.shield(working)
    except asyncio.CancelledError:
        cancelled.set()
        await to_its_end(working)
        fault_of(working)  # it says that it was cancelled
        raise
