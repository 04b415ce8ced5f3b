"""Keep-alive load on a service: half reads, half writes with ids of their own, no retries."""

from __future__ import annotations

import asyncio
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from examples.demo.connection import Connection
from examples.demo.subject import Request, Subject

LANES = 4
PER_SECOND = 120.0
SLOW_PAUSE_SECONDS = 0.05
SHOWN_FAILURES = 5


@dataclass
class Tally:
    """The outcome of the load; ``slow`` are requests that were in flight for long."""

    requests: int = 0
    written: int = 0
    slow: int = 0
    failed: int = 0
    failures: list[str] = field(default_factory=list)
    longest_seconds: float = 0.0

    def answered(self, request: Request, seconds: float, *, slow: bool) -> None:
        """Count a request that was answered as expected."""
        self.written += request.method == "POST"
        self.slow += slow
        if not slow:
            self.longest_seconds = max(self.longest_seconds, seconds)

    def fail(self, request: Request, why: str) -> None:
        """Count a request that was not answered as expected."""
        self.failed += 1
        if len(self.failures) < SHOWN_FAILURES:
            self.failures.append(f"{request.method} {request.path}: {why}")


class Load:
    """Load on ``host:port`` from a thread of its own, from ``with`` to its end.

    Each of the lanes is one connection. Another one always has a slow request in flight, so that a
    switch never finds the service idle.
    """

    def __init__(
        self, subject: Subject, host: str, port: int, per_second: float = PER_SECOND
    ) -> None:
        self.tally = Tally()
        self._subject, self._host, self._port = subject, host, port
        self._pause = LANES / per_second
        self._stop = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stop.set()
        self._thread.join()

    async def _run(self) -> None:
        lanes = [self._lane(self._mixed(offset), self._pause) for offset in range(LANES)]
        await asyncio.gather(*lanes, self._lane(self._slow, SLOW_PAUSE_SECONDS))

    def _mixed(self, offset: int) -> Callable[[int], Request]:
        def make(number: int) -> Request:
            if (number + offset) % 2:
                return self._subject.write(uuid.uuid4().hex)
            return self._subject.read

        return make

    def _slow(self, _: int) -> Request:
        return self._subject.slow

    async def _lane(self, make: Callable[[int], Request], pause: float) -> None:
        connection, number = Connection(self._host, self._port), 0
        due = time.monotonic()
        while not self._stop.is_set():
            await self._one(connection, make(number))
            number += 1
            # What is late is not caught up with: that would be a burst.
            due = max(due + pause, time.monotonic())
            await asyncio.sleep(due - time.monotonic())
        await connection.close()

    async def _one(self, connection: Connection, request: Request) -> None:
        start = time.monotonic()
        self.tally.requests += 1
        try:
            answer = await connection.send(request)
        except (OSError, ValueError) as error:
            self.tally.fail(request, f"{type(error).__name__}: {error}")
            await asyncio.sleep(0.05)
            return
        if answer.status >= 300 or request.expected not in answer.body:
            self.tally.fail(request, f"HTTP {answer.status}: {answer.body[:80]!r}")
        else:
            self.tally.answered(
                request, time.monotonic() - start, slow=request is self._subject.slow
            )
