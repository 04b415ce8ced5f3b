"""How long a build may take, all its commands together, and whether it is to end before that."""

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
SETTING = "SLIPWAY_BUILD_SECONDS"
DEFAULT_SECONDS = 1800.0


class Limit:
    """What is left of ``seconds`` since it was made; `cancel` ends what runs under it."""

    def __init__(self, seconds: float = DEFAULT_SECONDS) -> None:
        self.seconds = seconds
        self._end = time.monotonic() + seconds
        self._cancelled = threading.Event()

    @property
    def left(self) -> float:
        """How many seconds are left."""
        return max(0.0, self._end - time.monotonic())

    def cancel(self) -> None:
        """End what runs under it now, from another thread."""
        self._cancelled.set()

    def cancelled(self) -> bool:
        """Tell whether it is to end."""
        return self._cancelled.is_set()

    @property
    def reason(self) -> str:
        """Why what ran under it was ended."""
        if self.cancelled():
            return "the run was cancelled"
        return (
            f"the build had {self.seconds:g} s and took longer ({SETTING}). See whether it waits "
            "for an answer or for an index that is down; what just takes long needs a higher one"
        )


_CURRENT: ContextVar[Limit | None] = ContextVar("limit", default=None)


@contextmanager
def limited(limit: Limit) -> Iterator[None]:
    """Have what is built meanwhile keep to ``limit``."""
    token = _CURRENT.set(limit)
    try:
        yield
    finally:
        _CURRENT.reset(token)


def current_limit() -> Limit:
    """Return the limit that holds here; outside of any, a new one of the default."""
    return _CURRENT.get() or Limit()


async def within(seconds: float, work: Callable[[], T]) -> T:
    """Return what ``work`` gives, done in a thread, its commands limited to ``seconds`` in all.

    Where this is cancelled, the command that runs is ended, and ``work`` is waited for.
    """
    limit = Limit(seconds)

    def limited_work() -> T:
        """Do it."""
        with limited(limit):
            return work()

    loop = asyncio.get_running_loop()
    working = loop.run_in_executor(None, copy_context().run, limited_work)
    try:
        return await asyncio.shield(working)
    except asyncio.CancelledError:
        limit.cancel()
        await to_its_end(working)
        fault_of(working)  # it says that it was cancelled
        raise
