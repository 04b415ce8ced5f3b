"""The time limit of a build, for all its commands together, and its cancellation."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TypeVar

from tasks.cancellation import in_thread, is_cancelled

T = TypeVar("T")
SETTING = "SLIPWAY_BUILD_SECONDS"
DEFAULT_SECONDS = 1800.0


class Limit:
    """A limit of ``seconds`` that begins when it is made."""

    def __init__(self, seconds: float = DEFAULT_SECONDS) -> None:
        self.seconds = seconds
        self._end = time.monotonic() + seconds

    @property
    def left(self) -> float:
        """How many seconds are left."""
        return max(0.0, self._end - time.monotonic())

    def extend(self, seconds: float) -> None:
        """Let it end so much later."""
        self._end += seconds

    @property
    def reason(self) -> str:
        """Why a command under it was ended."""
        if is_cancelled():
            return "the run was cancelled"
        return (
            f"the build had {self.seconds:g} s and took longer ({SETTING}). See whether it waits "
            "for an answer or for an index that is down; if it only takes long, set a higher limit"
        )


_CURRENT: ContextVar[Limit | None] = ContextVar("limit", default=None)


@contextmanager
def limited(limit: Limit) -> Iterator[None]:
    """Apply ``limit`` to all that is built meanwhile."""
    token = _CURRENT.set(limit)
    try:
        yield
    finally:
        _CURRENT.reset(token)


def current_limit() -> Limit:
    """Return the limit that holds here; outside of any, a new one of the default."""
    return _CURRENT.get() or Limit()


async def within(seconds: float, work: Callable[[], T]) -> T:
    """Return the result of ``work``, done in a thread, its commands limited to ``seconds`` in all.

    On cancellation, the command that runs is ended, and ``work`` is waited for.
    """

    def limited_work() -> T:
        """Do it."""
        with limited(Limit(seconds)):
            return work()

    return await in_thread(limited_work)
