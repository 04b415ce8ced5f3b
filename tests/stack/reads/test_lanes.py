"""Tests of the threads of reads: one that hangs takes no other with it."""

from __future__ import annotations

import asyncio
import threading

import pytest

from stack.reads import lanes
from stack.reads.lanes import Lane, OverloadedError


async def test_a_read_that_hangs_is_given_up_and_others_are_answered() -> None:
    """One locked file would stop all reads."""
    ends = threading.Event()
    hanging, other = Lane("logs", seconds=0.05), Lane("queue")
    for _ in range(lanes.THREADS + 1):  # the last one does not even get a thread
        with pytest.raises(OverloadedError, match=r"logs: no answer within 0\.05 s"):
            await hanging.run(ends.wait)
    assert await other.run(lambda: "answered") == "answered"
    ends.set()


async def test_too_many_waiting_reads_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """A burst would fill the memory with what nobody waits for any more."""
    monkeypatch.setattr(lanes, "MOST_WAITING", 0)
    ends, lane = threading.Event(), Lane("queue")
    running = [asyncio.ensure_future(lane.run(ends.wait)) for _ in range(lanes.THREADS)]
    await asyncio.sleep(0)
    with pytest.raises(OverloadedError, match="too many"):
        await lane.run(ends.wait)
    ends.set()
    assert await asyncio.gather(*running) == [True] * lanes.THREADS
    assert await lane.run(lambda: 1) == 1  # there is room again
