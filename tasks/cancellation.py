"""Runs work in a thread that can see a cancellation of its run, and waits for it."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar, copy_context
from typing import TypeVar

from tasks.companion import fault_of, to_its_end

T = TypeVar("T")

_CANCELLED: ContextVar[threading.Event | None] = ContextVar("cancelled", default=None)
_GIVEN_UP: ContextVar[Callable[[], bool] | None] = ContextVar("given_up", default=None)


def is_cancelled() -> bool:
    """Tell work whether its run was cancelled or given up, so that it ends what it started."""
    cancelled, given_up = _CANCELLED.get(), _GIVEN_UP.get()
    return (cancelled is not None and cancelled.is_set()) or (given_up is not None and given_up())


@contextmanager
def given_up_where(ask: Callable[[], bool], every_seconds: float = 0.2) -> Iterator[None]:
    """Make `is_cancelled` true inside once ``ask`` is; ask at most every ``every_seconds``."""
    given_up, due_at = False, 0.0

    def look() -> bool:
        """Ask again if it is time to; once True, it stays True."""
        nonlocal given_up, due_at
        if not given_up and (now := time.monotonic()) >= due_at:
            given_up, due_at = ask(), now + every_seconds
        return given_up

    token = _GIVEN_UP.set(look)
    try:
        yield
    finally:
        _GIVEN_UP.reset(token)


async def in_thread(work: Callable[[], T]) -> T:
    """Return the result of ``work``, which runs in a thread.

    If this is cancelled, `is_cancelled` becomes true for ``work``, which is waited for.
    """
    cancelled = threading.Event()

    def work_with_token() -> T:
        """Do the work, with the event by which it can be cancelled."""
        _CANCELLED.set(cancelled)  # in the copied context only
        return work()

    working = asyncio.get_running_loop().run_in_executor(None, copy_context().run, work_with_token)
    try:
        return await asyncio.shield(working)
    except asyncio.CancelledError:
        cancelled.set()
        await to_its_end(working)
        fault_of(working)  # it says that it was cancelled
        raise
