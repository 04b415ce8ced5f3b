"""Wakes a worker by the server's events, so that it need not ask all the time.

While no events come, as the server is away, the worker asks as often as it did without them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any
from uuid import UUID

from prefect.events.clients import get_events_subscriber
from prefect.events.filters import EventAnyResourceFilter, EventFilter, EventNameFilter
from prefect.events.schemas.events import ResourceSpecification

from stack.log import say

FALLBACK_SECONDS = 5.0
"""How often a worker looks although no event came. Prefect emits none for the runs that a schedule
plans, and gives a run out ten seconds before it is due: this is soon enough to start it punctually."""

FIRST_PAUSE_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 30.0
CONNECT_SECONDS = 10.0

DUE = ("Scheduled", "AwaitingRetry", "AwaitingConcurrencySlot", "Resuming", "Late")
"""States of a run that a worker may take, or may take soon."""
FREED = ("Completed", "Failed", "Crashed", "Cancelled", "Paused", "Suspended", "TimedOut")
"""States in which a run gives the slot of its queue back, so that another may begin."""

BEGUN = ("Running", *FREED)
"""States that say that a run is not about to begin any more."""

_PREFIX = "prefect.flow-run."
_DUE_EVENTS = frozenset(_PREFIX + state for state in DUE)
_BEGUN_EVENTS = frozenset(_PREFIX + state for state in BEGUN)
_RUNNING_EVENT = _PREFIX + "Running"

Subscribe = Callable[[EventFilter], AbstractAsyncContextManager[Any]]


class Wake:
    """What a worker waits for between two looks at its queues.

    Args:
        without_events_seconds: How long it waits while the server sends no events.
        fallback_seconds: How long it waits at most while the server does.
    """

    def __init__(
        self, without_events_seconds: float, fallback_seconds: float = FALLBACK_SECONDS
    ) -> None:
        self._without_events_seconds = without_events_seconds
        self._fallback_seconds = fallback_seconds
        self._told = asyncio.Event()
        self._due = self._look_again = False
        self.listens = False

    def tell(self, *, due: bool = False) -> None:
        """End the present wait, or else the next one; say whether a run has just become due."""
        self._due |= due
        self._told.set()

    async def wait(self) -> bool:
        """Wait for something that may be due; return whether an event told_of_silence that a run is.

        After an event it waits no longer than without events once: a database may show what the
        event is about a moment later.
        """
        soon = self._look_again or not self.listens
        try:
            async with asyncio.timeout(
                self._without_events_seconds if soon else self._fallback_seconds
            ):
                await self._told.wait()
        except TimeoutError:
            self._look_again = False
            return False
        self._told.clear()
        self._look_again = True
        due, self._due = self._due, False
        return due


def events_of(pool: str) -> EventFilter:
    """Return the filter of the events after which a worker of ``pool`` may have something to do."""
    names = [_PREFIX + state for state in (*DUE, *BEGUN)]
    # By its name, as a pool that is made again has another id.
    its_pool = {"prefect.resource.role": "work-pool", "prefect.resource.name": pool}
    return EventFilter(
        event=EventNameFilter(name=names),
        any_resource=EventAnyResourceFilter(labels=ResourceSpecification(its_pool)),
    )


def _subscriber(events: EventFilter) -> AbstractAsyncContextManager[Any]:
    return get_events_subscriber(filter=events, reconnection_attempts=0)


async def listen(
    pool: str,
    wake: Wake,
    began: Callable[[UUID], None],
    subscribe: Subscribe = _subscriber,
) -> None:
    """Wake at each event of ``pool``, for ever; say when the events stop, and when they are back.

    Args:
        pool: The name of the work pool.
        wake: What the worker waits for.
        began: Is called with the id of each flow run that begins, or ends without.
        subscribe: Connects to the events of a server.
    """
    pause = FIRST_PAUSE_SECONDS
    told_of_silence = False
    while True:
        why = "the server closed the connection"
        try:
            events = subscribe(events_of(pool))
            async with asyncio.timeout(CONNECT_SECONDS) as connecting, events as stream:
                connecting.reschedule(None)
                if told_of_silence:
                    say("the server sends events again")
                wake.listens, told_of_silence, pause = True, False, FIRST_PAUSE_SECONDS
                wake.tell()  # something may have become due before
                async for event in stream:
                    if event.event in _BEGUN_EVENTS:
                        began(UUID(event.resource.id.removeprefix(_PREFIX)))
                    if event.event != _RUNNING_EVENT:
                        wake.tell(due=event.event in _DUE_EVENTS)
        except Exception as error:  # noqa: BLE001 - whatever it is, the worker goes on without
            why = f"{type(error).__name__}: {error}"
        finally:
            wake.listens = False
        wake.tell()
        if not told_of_silence:
            say(f"the server sends no events: flow runs are asked for instead ({why})")
            told_of_silence = True
        await asyncio.sleep(pause)
        pause = min(2 * pause, LONGEST_PAUSE_SECONDS)
