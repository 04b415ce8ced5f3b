"""What work says while it goes on: its lines, and now and then what it is at and since when.

The work is done in a thread; whoever waits for it in an event loop does the reminding, so that no
thread is needed for that.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field

from tasks.companion import fault_of, to_its_end

EVERY_SECONDS = 20.0
"""So often it is said what goes on."""
LONG_SECONDS = 10.0
"""What has gone on for less is not worth a word yet."""


@dataclass(slots=True)
class Narrator:
    """Says lines, and what goes on; ``doing`` is that, innermost last, and when it began."""

    say: Callable[[str], object]
    clock: Callable[[], float] = time.monotonic
    doing: list[tuple[str, float]] = field(default_factory=list)

    def remind(self, long_seconds: float) -> None:
        """Say what goes on, where it has for ``long_seconds``."""
        for what, began in self.doing[-1:]:
            seconds = self.clock() - began
            if seconds >= long_seconds:
                self.say(f"Still {what}, for {seconds:.0f} s")


_CURRENT: ContextVar[Narrator | None] = ContextVar("narrator", default=None)


def tell(line: str) -> None:
    """Say ``line`` where somebody listens."""
    if narrator := _CURRENT.get():
        narrator.say(line)


@contextmanager
def doing(what: str) -> Iterator[None]:
    """Have it said that one is ``what``, e.g. `waiting for x`, should that take long."""
    narrator = _CURRENT.get()
    if narrator is None:
        yield
        return
    activity = (what, narrator.clock())
    narrator.doing.append(activity)
    try:
        yield
    finally:
        narrator.doing.remove(activity)


@asynccontextmanager
async def narrated(
    say: Callable[[str], object],
    every_seconds: float = EVERY_SECONDS,
    long_seconds: float = LONG_SECONDS,
) -> AsyncIterator[None]:
    """Have ``say`` hear what is told inside, and every ``every_seconds`` what goes on."""
    narrator = Narrator(say)

    async def remind_on() -> None:
        """Remind until there is nothing more to do."""
        while True:
            await asyncio.sleep(every_seconds)
            narrator.remind(long_seconds)

    token, reminding = _CURRENT.set(narrator), asyncio.create_task(remind_on())
    try:
        yield
    finally:
        _CURRENT.reset(token)
        reminding.cancel()
        await to_its_end(reminding)
    if fault := fault_of(reminding):
        raise fault
