"""Progress messages of long work: its lines, and periodic reminders of what it is doing.

The work is done in a thread; the event loop that waits for it sends the reminders, so that no
further thread is needed.
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
"""Period of the reminders."""
LONG_SECONDS = 10.0
"""The shortest activity that is worth a reminder."""


@dataclass(slots=True)
class Narrator:
    """Says lines and reminders; ``doing`` are the activities, innermost last, and their start."""

    say: Callable[[str], object]
    clock: Callable[[], float] = time.monotonic
    doing: list[tuple[str, float]] = field(default_factory=list)

    def remind(self, long_seconds: float) -> None:
        """Say what the innermost activity is, if it has lasted for ``long_seconds``."""
        for what, began in self.doing[-1:]:
            seconds = self.clock() - began
            if seconds >= long_seconds:
                self.say(f"Still {what}, for {seconds:.0f} s")


_CURRENT: ContextVar[Narrator | None] = ContextVar("narrator", default=None)


def tell(line: str) -> None:
    """Say ``line`` if somebody listens."""
    if narrator := _CURRENT.get():
        narrator.say(line)


@contextmanager
def doing(what: str) -> Iterator[None]:
    """Mark the body as the activity ``what``, e.g. `waiting for x`, for the reminders."""
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
    """Pass the lines told inside to ``say``, and a reminder every ``every_seconds``."""
    narrator = Narrator(say)

    async def remind_on() -> None:
        """Send reminders until cancelled."""
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
