"""Tests that SIGTERM cancels a flow, whatever it executes at that moment."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable, Iterator

import pytest

from flows.run_state.termination import cancelled_by_sigterm


class Struck(BaseException):
    """What the handler raises, as Prefect's does."""


@pytest.fixture(autouse=True)
def handler() -> Iterator[None]:
    """Install one that raises."""

    def strike(*_: object) -> None:
        """Raise out of whatever runs."""
        raise Struck

    former = signal.signal(signal.SIGTERM, strike)
    yield
    signal.signal(signal.SIGTERM, former)


def terminate() -> None:
    """Send the signal to this process."""
    os.kill(os.getpid(), signal.SIGTERM)


async def in_a_task() -> None:
    """Be struck in a task that nobody waits for."""
    terminate()


STRIKES: dict[str, Callable[[asyncio.AbstractEventLoop], object]] = {
    "a callback": lambda loop: loop.call_soon(terminate),
    "another task": lambda loop: loop.create_task(in_a_task()),
}


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("strike", STRIKES.values(), ids=list(STRIKES))
def test_it_is_cancelled_where_asyncio_keeps_the_exception(
    strike: Callable[[asyncio.AbstractEventLoop], object],
) -> None:
    """Broken: a flow run that is cancelled is killed later, and its steps go on without it."""
    cleaned = []

    async def flow() -> None:
        """Wait for ever, and clean up at the end."""
        with cancelled_by_sigterm():
            loop = asyncio.get_running_loop()
            loop.set_exception_handler(lambda *_: None)
            strike(loop)
            try:
                await asyncio.wait_for(asyncio.Event().wait(), 60)
            finally:
                await asyncio.sleep(0.01)
                cleaned.append(True)

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(flow())
    assert cleaned == [True]


def test_one_that_is_cancelled_already_is_left_to_clean_up() -> None:
    """Broken: the second cancellation interrupts what ends the steps."""
    cleaned = []

    async def flow() -> None:
        """Be cancelled, then struck while cleaning up."""
        with cancelled_by_sigterm():
            task, loop = asyncio.current_task(), asyncio.get_running_loop()
            loop.set_exception_handler(lambda *_: None)
            assert task is not None
            loop.call_soon(task.cancel)
            try:
                await asyncio.Event().wait()
            finally:
                loop.call_soon(terminate)
                await asyncio.sleep(0.05)
                cleaned.append(True)

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(flow())
    assert cleaned == [True]


def test_nothing_is_left_of_it() -> None:
    """Broken: each flow leaks two sockets, or takes the wake-up of the event loop away."""

    async def flow() -> int:
        """Look which file is told of signals meanwhile."""
        with cancelled_by_sigterm():
            inside = signal.set_wakeup_fd(-1)
            signal.set_wakeup_fd(inside)
            return inside

    inside = asyncio.run(flow())
    assert inside >= 0
    assert signal.set_wakeup_fd(-1) == -1
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(inside)
