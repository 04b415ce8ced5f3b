"""flows.stack.server: a failed statement leaves no open cursor to the garbage collector."""

from __future__ import annotations

import asyncio
import gc
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import aiosqlite
import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import create_async_engine

from flows.stack.server import close_failed_cursors


@pytest.fixture(autouse=True)
def no_collection(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Leave every cursor where it is, and the library's own class in place afterwards."""
    monkeypatch.setattr(aiosqlite.core, "Cursor", aiosqlite.core.Cursor)
    gc.collect()
    gc.disable()
    yield
    gc.enable()
    gc.collect()


def is_open(cursor: sqlite3.Cursor) -> bool:
    """Tell whether the cursor was not closed; its thread may be another."""
    try:
        cursor.fetchone()
    except sqlite3.ProgrammingError as error:
        return "closed cursor" not in str(error)
    return True


def open_cursors() -> int:
    """Count the open cursors of this process."""
    return sum(isinstance(each, sqlite3.Cursor) and is_open(each) for each in gc.get_objects())


async def left_after_failures(file: Path) -> int:
    """Let ten writes fail because another connection has the lock; count what they leave open."""
    engine = create_async_engine(f"sqlite+aiosqlite:///{file}", connect_args={"timeout": 0})
    before = open_cursors()
    async with engine.connect() as holder, engine.connect() as other:
        await holder.execute(text("CREATE TABLE t (n INTEGER)"))
        await holder.commit()
        await holder.execute(text("INSERT INTO t VALUES (1)"))
        for _ in range(10):
            with pytest.raises(OperationalError, match="locked"):
                await other.execute(text("INSERT INTO t VALUES (2)"))
            await other.rollback()
        await holder.commit()
        left = open_cursors() - before
    await engine.dispose()
    return left


def test_no_failed_statement_leaves_its_cursor_open(tmp_path: Path) -> None:
    """The event loop could otherwise free it in the middle of another thread's wait."""
    close_failed_cursors()

    assert asyncio.run(left_after_failures(tmp_path / "prefect.db")) == 0


def test_the_libraries_by_themselves_leave_it_open(tmp_path: Path) -> None:
    """Once this fails, flows.stack.server has had its day."""
    assert asyncio.run(left_after_failures(tmp_path / "prefect.db")) == 10
