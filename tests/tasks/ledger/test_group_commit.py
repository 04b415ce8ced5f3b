"""Tests of group commits: one transaction for many, on the disk before it is said to be written."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest
from sqlalchemy import Connection, text

from tasks.errors import StaleFenceError
from tasks.ledger.connection import Ledger
from tasks.ledger.group_commit import GroupCommit


class Recorder:
    """Remembers the groups that it was given, in transactions that it can tell apart."""

    def __init__(self) -> None:
        self.groups: list[tuple[str, ...]] = []
        self.synchronous: set[int] = set()

    def write(self, connection: Connection, records: Sequence[str]) -> list[str | Exception]:
        """Note them; one of them is refused, and one breaks everything."""
        self.groups.append(tuple(records))
        if connection.dialect.name == "sqlite":
            self.synchronous.add(connection.execute(text("PRAGMA synchronous")).scalar_one())
        if "broken" in records:
            raise StaleFenceError("taken over")
        return [StaleFenceError(each) if each == "refused" else each.upper() for each in records]


async def test_what_arrives_at_once_is_written_at_once(ledger: Ledger) -> None:
    """Broken: a thousand steps would cost as many transactions."""
    recorder, group = Recorder(), GroupCommit(ledger)
    written = [group.add(recorder.write, each) for each in "abc"]
    assert await asyncio.gather(*written) == ["A", "B", "C"]
    assert recorder.groups == [("a", "b", "c")]


async def test_what_arrives_meanwhile_is_the_next_group(ledger: Ledger) -> None:
    """Broken: it would wait for ever, or overtake what came before it."""
    recorder, group = Recorder(), GroupCommit(ledger)
    first = group.add(recorder.write, "a")
    await asyncio.sleep(0)
    later = [group.add(recorder.write, each) for each in "bc"]
    assert await asyncio.gather(first, *later) == ["A", "B", "C"]
    assert recorder.groups == [("a",), ("b", "c")]
    assert await group.add(recorder.write, "d") == "D"


async def test_each_kind_is_written_by_its_own(ledger: Ledger) -> None:
    """Broken: the begin of one step would be written as the end of another."""
    one, other, group = Recorder(), Recorder(), GroupCommit(ledger)
    one_write, other_write = one.write, other.write
    written = [group.add(one_write, "a"), group.add(other_write, "b"), group.add(one_write, "c")]
    assert await asyncio.gather(*written) == ["A", "B", "C"]
    assert (one.groups, other.groups) == ([("a", "c")], [("b",)])


async def test_one_that_is_refused_costs_no_other(ledger: Ledger) -> None:
    """Broken: one lost attempt would take the outcomes of all others with it."""
    recorder, group = Recorder(), GroupCommit(ledger)
    good, refused = group.add(recorder.write, "a"), group.add(recorder.write, "refused")
    assert await good == "A"
    with pytest.raises(StaleFenceError, match="refused"):
        await refused


async def test_a_transaction_that_fails_fails_its_group_alone(ledger: Ledger) -> None:
    """Broken: somebody would wait for ever, or be told that all is written."""
    recorder, group = Recorder(), GroupCommit(ledger)
    failing = [group.add(recorder.write, each) for each in ("a", "broken")]
    for each in failing:
        with pytest.raises(StaleFenceError, match="taken over"):
            await each
    assert await group.add(recorder.write, "b") == "B"


async def test_nobody_has_to_wait_for_a_record(ledger: Ledger) -> None:
    """Broken: a cancelled step would break the outcomes of those beside it."""
    recorder, group = Recorder(), GroupCommit(ledger)
    dropped, kept = group.add(recorder.write, "a"), group.add(recorder.write, "b")
    dropped.cancel()
    assert await kept == "B"
    assert recorder.groups == [("a", "b")]


async def test_what_is_written_is_on_the_disk(ledger: Ledger) -> None:
    """Broken: a power loss would undo outcomes that the workload has gone on from."""
    recorder, group = Recorder(), GroupCommit(ledger)
    await group.add(recorder.write, "a")
    full = 2
    if ledger.database.engine.dialect.name == "sqlite":
        assert recorder.synchronous == {full}
        with ledger.write() as connection:
            assert connection.execute(text("PRAGMA synchronous")).scalar_one() == full - 1
