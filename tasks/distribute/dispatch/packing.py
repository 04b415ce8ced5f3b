"""Packs: many steps that share one task run, as the server takes in only some twenty a second.

A pack is only how steps are shown. Each keeps its attempts, its log, its limits and its record.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress

from blocks.providers.interface import Outcome
from tasks.estimates import Estimate
from tasks.quantities import count_of

MANY_STEPS = 300
"""A workload with more steps is shown in packs."""
SOME_STEPS = 50
"""Of a workload with more steps, the short ones are shown in packs."""
SHORT_SECONDS = 1.0
PACK_STEPS = 250
_KNOWN = frozenset({"history", "trained"})
_NEWS_SECONDS = 1.0
_NAMED = 10


def is_packed(steps: int, estimate: Estimate) -> bool:
    """Tell whether a step with this estimate, in a workload of ``steps``, shares a task run."""
    if steps > MANY_STEPS:
        return True
    is_short = estimate.source in _KNOWN and estimate.p90_seconds < SHORT_SECONDS
    return is_short and steps > SOME_STEPS


class Pack:
    """The steps of one pack, and how they have ended; ``number`` counts from 1."""

    def __init__(self, number: int) -> None:
        self.number = number
        self._running: set[str] = set()
        self._succeeded: list[str] = []
        self._failed: list[str] = []
        self._told = 0
        self._is_closed = False
        self._news = asyncio.Event()

    @property
    def is_full(self) -> bool:
        """Whether no step can be added."""
        return len(self._running) + len(self._succeeded) + len(self._failed) >= PACK_STEPS

    def add(self, step_id: str) -> None:
        """Add a step that starts now."""
        self._running.add(step_id)

    def ended(self, step_id: str, *, succeeded: bool) -> None:
        """Note the end of a step; one that failed goes on elsewhere."""
        self._running.discard(step_id)
        (self._succeeded if succeeded else self._failed).append(step_id)
        if not self._running and (self.is_full or self._is_closed):
            self._news.set()

    def close(self) -> None:
        """Add no more steps; those that run are not waited for."""
        self._is_closed = True
        self._news.set()

    async def lines(self) -> AsyncIterator[str]:
        """Yield a line for the steps that ended in each second, until all have ended."""
        has_ended = False
        while not has_ended:
            with suppress(TimeoutError):
                async with asyncio.timeout(_NEWS_SECONDS):
                    await self._news.wait()
            has_ended = self._news.is_set()
            newest, self._told = self._succeeded[self._told :], len(self._succeeded)
            if newest:
                yield f"{count_of(len(newest), 'step')} succeeded: {_listed(newest)}"

    @property
    def sentence(self) -> str:
        """What became of its steps."""
        total = len(self._succeeded) + len(self._failed) + len(self._running)
        sentence = f"{len(self._succeeded)} of {count_of(total, 'step')} succeeded"
        if self._failed:
            sentence += f"; {_listed(self._failed)} failed at the first attempt, see the task runs of that name"
        if self._running:
            sentence += f"; {_listed(sorted(self._running))} did not end"
        return sentence


def first_then(
    first: Outcome | Exception, attempt: Callable[[], Awaitable[Outcome]]
) -> Callable[[], Awaitable[Outcome]]:
    """Return a function that gives ``first`` at the first call, and then what ``attempt`` gives."""
    firsts = [first]

    async def again() -> Outcome:
        """Give the result that is there already, or try."""
        if not firsts:
            return await attempt()
        known = firsts.pop()
        if isinstance(known, Exception):
            raise known
        return known

    return again


def _listed(step_ids: list[str]) -> str:
    more = len(step_ids) - _NAMED
    named = ", ".join(step_ids[:_NAMED])
    return f"{named} and {more} more" if more > 0 else named
