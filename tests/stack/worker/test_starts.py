"""Tests of how many flow runs begin at a time."""

from __future__ import annotations

import asyncio
from uuid import UUID, uuid4

import pytest

from stack.worker.starts import Starts, most_at_once

NEVER = 600.0


async def begin(starts: Starts, order: list[UUID], flow_run: UUID, *, urgent: bool = False) -> None:
    """Begin a flow run when it is its turn, note it, and wait for its first line."""
    async with starts.turn(flow_run, urgent=urgent):
        order.append(flow_run)
        await starts.first_line(flow_run)


async def settle() -> None:
    """Let all others go on as far as they can."""
    for _ in range(10):
        await asyncio.sleep(0)


async def test_an_urgent_run_begins_beside_any_number_of_others() -> None:
    """Broken: a rollback waits until twenty launches have begun."""
    starts, order = Starts(2, NEVER), list[UUID]()
    others = [uuid4() for _ in range(4)]
    urgent = uuid4()
    tasks = [asyncio.ensure_future(begin(starts, order, run)) for run in others]
    await settle()
    assert order == others[:2]
    tasks.append(asyncio.ensure_future(begin(starts, order, urgent, urgent=True)))
    await settle()
    assert order == [*others[:2], urgent]
    for run in others:
        starts.began(run)
        await settle()
    await asyncio.gather(*tasks)
    assert order == [*others[:2], urgent, *others[2:]]


async def test_a_run_that_hangs_before_its_first_line_holds_no_other_up() -> None:
    """Broken: one flow that cannot be loaded stops all others."""
    starts, order = Starts(1, 0.01), list[UUID]()
    runs = [uuid4(), uuid4()]
    await asyncio.gather(*(begin(starts, order, run) for run in runs))
    assert order == runs


async def test_a_run_that_fails_to_start_gives_its_turn_back() -> None:
    """Broken: each run that is refused costs a turn for ever."""
    starts, order = Starts(1, NEVER), list[UUID]()
    with pytest.raises(OSError, match="no process"):
        async with starts.turn(uuid4(), urgent=False):
            raise OSError("no process")
    run = uuid4()
    task = asyncio.ensure_future(begin(starts, order, run))
    await settle()
    starts.began(run)
    starts.began(uuid4())  # another worker's
    await task
    assert order == [run]


def test_every_machine_lets_some_begin() -> None:
    """Broken: nothing ever begins."""
    assert most_at_once() >= 2
