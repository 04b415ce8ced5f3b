"""Tests of the turns of builds in one process."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from tasks.cancellation import in_thread
from tasks.launch import build_turn as turns
from tasks.launch.build_limit import Limit, limited
from tasks.launch.build_turn import build_turn


@pytest.fixture(autouse=True)
def _one_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns, "_PLACES", threading.BoundedSemaphore(1))
    monkeypatch.setattr(turns, "_LOOK_SECONDS", 0.01)


@pytest.fixture
def elsewhere() -> Iterator[ThreadPoolExecutor]:
    """Give a thread."""
    with ThreadPoolExecutor(1) as pool:
        yield pool


def test_one_waits_for_the_other_and_the_wait_does_not_count(elsewhere: ThreadPoolExecutor) -> None:
    """Broken: of fifty builds all start at once, or the last ones fail by their time limit."""
    limit, waits = Limit(60), threading.Event()

    def build() -> float:
        """Take a turn, and return what is left of the time."""
        waits.set()
        with limited(limit), build_turn():
            return limit.left

    with build_turn():
        second = elsewhere.submit(build)
        waits.wait()
        assert not second.done()
        before = limit.left
        while limit.left > before - 0.05:
            assert not second.done()
    assert second.result() > before - 0.05


async def test_a_cancelled_run_does_not_wait_for_the_builds_of_others() -> None:
    """Broken: a run that is cancelled stays until somebody else's build has ended."""
    waits = threading.Event()

    def build() -> None:
        """Take a turn that does not come."""
        waits.set()
        with build_turn():
            return

    with build_turn():
        building = asyncio.create_task(in_thread(build))
        await asyncio.to_thread(waits.wait)
        building.cancel()
        with pytest.raises(asyncio.CancelledError):
            await building
