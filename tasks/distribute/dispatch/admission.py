"""What the dispatcher needs of an admission of claims; it is passed in."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Protocol, TypeVar

from tasks.claim import AdmissionDecision, Claim, Granted

T = TypeVar("T")


class Admission(Protocol):
    """Admission of claims on capacity; the calls that block are made in a thread."""

    def admit(self, claim: Claim) -> AdmissionDecision:
        """Grant, queue or refuse ``claim``; asking again keeps its place in the queue."""
        ...

    def hand_over(self, granted: Granted, claim: Claim, *, waited: bool) -> None:
        """Give what ``granted`` holds to ``claim``; called in the loop, and never blocks.

        ``waited``: whether ``claim`` may stand in a queue.
        """
        ...

    def wanted_by_others(self, workload_id: str) -> frozenset[str]:
        """Return the names of the providers that claims of other workloads wait for."""
        ...

    def release(self, allocation_id: int, fence: int) -> object:
        """Give back the capacity of a grant."""
        ...

    def withdraw(self, owner: str) -> object:
        """Remove the claims of ``owner`` from all queues."""
        ...

    async def changed(self, timeout: float) -> object:  # noqa: ASYNC109 - it only bounds a wait
        """Return when an answer may have changed, or after ``timeout`` seconds."""
        ...


def in_thread(work: Callable[..., T], *arguments: object) -> asyncio.Future[T]:
    """Run ``work`` in a thread; return a future and not a task, as asyncio.run cancels tasks."""
    return asyncio.get_running_loop().run_in_executor(None, work, *arguments)


async def finished(work: asyncio.Future[T]) -> None:
    """Wait until ``work`` is done, even where this is cancelled meanwhile."""
    try:
        await asyncio.shield(work)
    except asyncio.CancelledError:
        await asyncio.wait([work])
        raise
