"""Tests of background tasks: their failures are reported, and nothing of them is left."""

from __future__ import annotations

import asyncio

import pytest

from tasks.companion import fault_of, shown, to_its_end


async def test_what_cannot_be_shown_is_told_and_the_next_is_tried() -> None:
    """The bar stands still for hours, and nothing says that the server has refused one update."""
    reported: list[str] = []
    pictures: list[int] = []
    changed = asyncio.Event()

    async def show(number: int) -> None:
        """Fail at first."""
        changed.set()
        if number < 3:
            message = f"refused {number // 2}"
            raise ConnectionError(message)
        pictures.append(number)

    newest = [0]
    async with asyncio.timeout(30):
        async with shown(
            newest, show, 0.001, lambda what, error: reported.append(f"{what}: {error}")
        ):
            for number in (1, 2, 3, 4):
                newest[0] = number
                await changed.wait()
                changed.clear()
    assert reported == ["Progress is not shown: refused 0", "Progress is not shown: refused 1"]
    assert pictures == [3, 4]


async def test_what_fails_inside_is_raised_as_it_is() -> None:
    """A failed workload would be told as something else, or its picture go on for ever."""
    before = asyncio.all_tasks()
    with pytest.raises(ZeroDivisionError):
        async with shown([0], lambda _: asyncio.sleep(0), 0.001, lambda _what, _error: None):
            raise ZeroDivisionError
    assert asyncio.all_tasks() == before


async def test_a_cancellation_waits_for_the_end_and_is_not_lost() -> None:
    """A run that is cancelled while it cleans up would go on as if nobody had said so."""
    gate = asyncio.Event()
    work = asyncio.ensure_future(gate.wait())
    waiting = asyncio.create_task(to_its_end(work))
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.sleep(0)
    assert not waiting.done()
    gate.set()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert work.done()


async def test_being_cancelled_is_no_fault() -> None:
    """Each step that is cancelled would be told as an error of Slipway."""
    cancelled = asyncio.ensure_future(asyncio.sleep(60))
    cancelled.cancel()
    failed = asyncio.ensure_future(_fail())
    await asyncio.wait([cancelled, failed])
    assert fault_of(cancelled) is None
    assert isinstance(fault_of(failed), ZeroDivisionError)


async def _fail() -> None:
    raise ZeroDivisionError
