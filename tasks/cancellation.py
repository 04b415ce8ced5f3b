"""Work in a thread that learns that its run was cancelled, and is waited for."""

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
    """Tell work whether its run was cancelled or is given up: what it has started ends with it."""
    cancelled, given_up = _CANCELLED.get(), _GIVEN_UP.get()
    return (cancelled is not None and cancelled.is_set()) or (given_up is not None and given_up())


@contextmanager
def given_up_where(asked: Callable[[], bool], every_seconds: float = 0.2) -> Iterator[None]:
    """Have work inside learn from `is_cancelled` what ``asked`` says, at most so often."""
    given_up, due = False, 0.0

    def look() -> bool:
        """Ask again where it is time to; what was given up once stays so."""
        nonlocal given_up, due
        if not given_up and (now := time.monotonic()) >= due:
            given_up, due = asked(), now + every_seconds
        return given_up

    token = _GIVEN_UP.set(look)
    try:
        yield
    finally:
        _GIVEN_UP.reset(token)


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
