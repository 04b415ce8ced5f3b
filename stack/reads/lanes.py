"""Threads for reads: those of one noun share a few, so that one that hangs delays no other noun."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from tasks.errors import SlipwayError

Result = TypeVar("Result")

THREADS = 2
MOST_WAITING = 50
SECONDS = 20.0


class OverloadedError(SlipwayError):
    """A read took too long, or too many wait already."""


class Lane:
    """The threads of one noun.

    Args:
        noun: What it reads.
        seconds: How long a read may take before it is given up; its thread goes on until it ends.
    """

    def __init__(self, noun: str, seconds: float = SECONDS) -> None:
        self._noun, self._seconds = noun, seconds
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix=noun)
        self._pending = 0

    async def run(self, read: Callable[[], Result]) -> Result:
        """Return the result of ``read``.

        Raises:
            OverloadedError: It did not end in time, or too many wait.
        """
        if self._pending >= THREADS + MOST_WAITING:
            raise OverloadedError(f"{self._noun}: too many reads wait. Ask again later.")
        loop = asyncio.get_running_loop()
        self._pending += 1
        future = self._pool.submit(read)
        future.add_done_callback(lambda done: loop.call_soon_threadsafe(self._ended, done))
        try:
            async with asyncio.timeout(self._seconds):
                return await asyncio.wrap_future(future)
        except TimeoutError as error:
            raise OverloadedError(
                f"{self._noun}: no answer within {self._seconds:g} s. Ask again later."
            ) from error

    def _ended(self, done: Future[Result]) -> None:
        del done
        self._pending -= 1
