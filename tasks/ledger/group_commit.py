"""Writes records in groups: what arrives while one group is written makes the next.

A transaction costs far more than a row, so that many writers at once are served sooner together
than one after another; one alone waits for nobody. A group is on the disk before it is said to be
written.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, TypeVar

from sqlalchemy import Connection

from tasks.ledger.connection import Ledger

Record = TypeVar("Record")
Result = TypeVar("Result")

Write = Callable[[Connection, Sequence[Record]], Sequence[Result | Exception]]
"""Writes records of one kind; returns the result of each, or why it alone cannot be written."""

GATHER_SECONDS = 0.004
"""The pause between two groups, in which the next one gathers: a transaction takes as long."""

_Entry = tuple[Write[Any, Any], Any, "asyncio.Future[Any]"]


class GroupCommit:
    """The groups of one event loop; groups are written in the order in which they arrive."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._arrived: list[_Entry] = []
        self._working = False

    def add(self, write: Write[Record, Result], record: Record) -> asyncio.Future[Result]:
        """Add ``record`` to the next group; return what becomes done once it is written.

        The records of a group are written kind by kind, each kind in the order of arrival. What
        ``write`` or the transaction raises is raised for all of the group.
        """
        loop = asyncio.get_running_loop()
        written: asyncio.Future[Result] = loop.create_future()
        self._arrived.append((write, record, written))
        if not self._working:
            self._working = True
            loop.call_soon(self._write)  # what else arrives in this turn goes along
        return written

    def _write(self) -> None:
        group, self._arrived = self._arrived, []
        if not group:
            self._working = False
            return
        records = [(write, record) for write, record, _ in group]
        loop = asyncio.get_running_loop()
        writing = loop.run_in_executor(None, _write_group, self._ledger, records)
        writing.add_done_callback(partial(self._settle, group))

    def _settle(self, group: list[_Entry], writing: asyncio.Future[list[Any]]) -> None:
        error = RuntimeError("the loop has ended") if writing.cancelled() else writing.exception()
        results = [error] * len(group) if error else writing.result()
        for (_, _, written), result in zip(group, results, strict=True):
            if written.done():  # nobody waits for it any more
                continue
            if isinstance(result, BaseException):
                written.set_exception(result)
            else:
                written.set_result(result)
        asyncio.get_running_loop().call_later(GATHER_SECONDS, self._write)


def _write_group(ledger: Ledger, group: Sequence[tuple[Write[Any, Any], Any]]) -> list[Any]:
    numbers: defaultdict[Write[Any, Any], list[int]] = defaultdict(list)
    for number, (write, _) in enumerate(group):
        numbers[write].append(number)
    results: list[Any] = [None] * len(group)
    with ledger.write(durable=True) as connection:
        for write, of_this_kind in numbers.items():
            written = write(connection, [group[number][1] for number in of_this_kind])
            for number, result in zip(of_this_kind, written, strict=True):
                results[number] = result
    return results
