"""Tests of packs: which steps share a task run, and what it tells of them."""

from __future__ import annotations

import pytest

from blocks.providers.interface import Outcome
from tasks.distribute.dispatch.packing import (
    MANY_STEPS,
    PACK_STEPS,
    SHORT_SECONDS,
    SOME_STEPS,
    Pack,
    first_then,
    is_packed,
)
from tasks.estimates import Estimate
from tests.tasks.planning.fakes import BAD, GOOD

SHORT = Estimate("k", 0.1, SHORT_SECONDS / 2, n=3, source="history")
LONG = Estimate("k", 9.0, 20.0, n=3, source="trained")
UNKNOWN = Estimate("k", 0.1, SHORT_SECONDS / 2)


@pytest.mark.parametrize(
    ("steps", "estimate", "packed"),
    [
        (MANY_STEPS + 1, LONG, True),
        (MANY_STEPS, LONG, False),
        (SOME_STEPS + 1, SHORT, True),
        (SOME_STEPS, SHORT, False),
        (SOME_STEPS + 1, UNKNOWN, False),
    ],
)
def test_short_steps_and_those_of_large_workloads_are_packed(
    steps: int, estimate: Estimate, packed: bool
) -> None:
    """Broken: the server takes a minute for a thousand steps, or a few steps are not seen."""
    assert is_packed(steps, estimate) is packed


async def test_a_pack_tells_how_its_steps_end_and_ends_with_the_last() -> None:
    """Broken: its task run would go on for ever, or end before its steps."""
    pack = Pack(1)
    for number in range(PACK_STEPS):
        pack.add(f"s{number}")
    assert pack.is_full
    for number in range(PACK_STEPS):
        pack.ended(f"s{number}", succeeded=number > 0)
    (line,) = [line async for line in pack.lines()]
    assert line.startswith("249 steps succeeded: s1, s2, ")
    assert pack.sentence == (
        "249 of 250 steps succeeded; s0 failed at the first attempt, see the task runs of that name"
    )


async def test_a_pack_names_the_steps_of_each_second() -> None:
    """Broken: nobody would see what a large workload is doing."""
    pack = Pack(1)
    for number in range(13):
        pack.add(f"s{number}")
    telling = pack.lines()
    for number in range(12):
        pack.ended(f"s{number}", succeeded=True)
    first = await anext(telling)
    assert first.startswith("12 steps succeeded: s0, s1, ")
    assert first.endswith("s9 and 2 more")
    pack.ended("s12", succeeded=True)
    pack.close()
    assert [line async for line in telling] == ["1 step succeeded: s12"]
    assert pack.sentence == "13 of 13 steps succeeded"


async def test_a_workload_that_ends_early_says_what_did_not_end() -> None:
    """Broken: a cancelled workload would look as if all its steps had succeeded."""
    pack = Pack(1)
    pack.add("a")
    pack.close()
    assert [line async for line in pack.lines()] == []
    assert pack.sentence == "0 of 1 step succeeded; a did not end"


async def test_what_failed_is_told_once_and_then_tried() -> None:
    """Broken: a step that failed would be executed again at once, or never."""
    tries = 0

    async def attempt() -> Outcome:
        nonlocal tries
        tries += 1
        return GOOD

    again = first_then(BAD, attempt)
    assert await again() is BAD
    assert tries == 0
    assert await again() is GOOD
    raising = first_then(ValueError("no place"), attempt)
    with pytest.raises(ValueError, match="no place"):
        await raising()
    assert [await raising(), await raising()] == [GOOD, GOOD]
