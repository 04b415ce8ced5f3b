"""How long a build may take, all its commands together, and whether it is to end before that."""

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
    """What is left of ``seconds`` since it was made."""

    def __init__(self, seconds: float = DEFAULT_SECONDS) -> None:
        self.seconds = seconds
        self._end = time.monotonic() + seconds

    @property
    def left(self) -> float:
        """How many seconds are left."""
        return max(0.0, self._end - time.monotonic())

    @property
    def reason(self) -> str:
        """Why what ran under it was ended."""
        if is_cancelled():
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

    def limited_work() -> T:
        """Do it."""
        with limited(Limit(seconds)):
            return work()

    return await in_thread(limited_work)
