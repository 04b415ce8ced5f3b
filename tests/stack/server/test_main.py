"""Tests of the server's fixes: no open cursors, writers in turn, stored values that can be read."""

from __future__ import annotations

import asyncio
import gc
import sqlite3
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import asyncpg  # type: ignore[import-untyped]
import pytest
from prefect.server.api import server
from prefect.server.database.configurations import AioSqliteConfiguration
from prefect.server.utilities.database import JSON
from sqlalchemy import Column, MetaData, Table, select, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import create_async_engine

from stack.server.main import (
    mend_what_is_read,
    outlast_database,
    validate_requests,
    write_in_turn,
)
from stack.server.reads import ReadsForwarder
from stack.server.request_validation import RequestValidator

pytestmark = pytest.mark.prefect


@pytest.fixture
def no_collection() -> Iterator[None]:
    """Leave every cursor where it is."""
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
        open_after = open_cursors() - before
    await engine.dispose()
    return open_after


@pytest.mark.slow
@pytest.mark.usefixtures("no_collection")
def test_no_failed_statement_leaves_its_cursor_open(tmp_path: Path) -> None:
    """The event loop could otherwise free it in the middle of another thread's wait."""
    assert asyncio.run(left_after_failures(tmp_path / "prefect.db")) == 0


async def count_two_writers(file: Path, patience_seconds: float) -> int:
    """Let two transactions read, wait for each other, and write; return the rows they leave."""
    configuration = AioSqliteConfiguration(f"sqlite+aiosqlite:///{file}")
    engine = await configuration.engine()
    async with engine.begin() as connection:
        await connection.execute(text("CREATE TABLE t (n INTEGER)"))
    was_read, was_written = asyncio.Event(), asyncio.Event()

    async def write_after_another() -> None:
        """Read, give the other one time to write, and write."""
        session = await configuration.session(engine)
        async with session, configuration.begin_transaction(session):
            await session.execute(text("SELECT count(*) FROM t"))
            was_read.set()
            # Without turns the other one writes now; with them it cannot have begun.
            with suppress(TimeoutError):
                await asyncio.wait_for(was_written.wait(), patience_seconds)
            await session.execute(text("INSERT INTO t VALUES (0)"))

    async def write_between() -> None:
        """Read and write as soon as the other one has read."""
        await was_read.wait()
        session = await configuration.session(engine)
        async with session, configuration.begin_transaction(session):
            await session.execute(text("SELECT count(*) FROM t"))
            await session.execute(text("INSERT INTO t VALUES (1)"))
        was_written.set()

    await asyncio.gather(write_after_another(), write_between())
    async with engine.connect() as connection:
        rows = await connection.scalar(text("SELECT count(*) FROM t"))
    await engine.dispose()
    return int(rows or 0)


@pytest.mark.slow
def test_two_transactions_that_read_and_write_both_succeed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Broken: the server would answer 503 (database is locked) whenever two clients write."""
    original = AioSqliteConfiguration.begin_transaction
    with pytest.raises(OperationalError, match="locked"):
        asyncio.run(count_two_writers(tmp_path / "stock.db", 60))
    monkeypatch.setattr(AioSqliteConfiguration, "begin_transaction", original)
    write_in_turn()
    assert asyncio.run(count_two_writers(tmp_path / "turns.db", 0.3)) == 2


def test_a_transaction_inside_another_does_not_wait_for_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Broken: such a request would never be answered."""
    original = AioSqliteConfiguration.begin_transaction
    monkeypatch.setattr(AioSqliteConfiguration, "begin_transaction", original)
    write_in_turn()

    async def nested() -> int:
        """Read in a transaction within another one."""
        configuration = AioSqliteConfiguration(f"sqlite+aiosqlite:///{tmp_path / 'nested.db'}")
        engine = await configuration.engine()
        outer, inner = [await configuration.session(engine) for _ in range(2)]
        first = configuration.begin_transaction(outer)
        async with outer, first, inner, configuration.begin_transaction(inner):
            value = await inner.scalar(text("SELECT 1"))
        await engine.dispose()
        return int(value or 0)

    assert asyncio.run(nested()) == 1


def test_what_is_read_beside_a_transaction_does_not_wait_for_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Broken: whoever pauses a queue keeps everybody from writing for a minute, and is refused."""
    original = AioSqliteConfiguration.begin_transaction
    monkeypatch.setattr(AioSqliteConfiguration, "begin_transaction", original)
    write_in_turn()

    async def read_beside() -> int:
        """Read in a session of its own while another one writes."""
        url = f"sqlite+aiosqlite:///{tmp_path / 'beside.db'}"
        configuration = AioSqliteConfiguration(url, timeout=1)
        engine = await configuration.engine()
        writer, reader = [await configuration.session(engine) for _ in range(2)]
        async with writer, configuration.begin_transaction(writer), reader:
            await writer.execute(text("CREATE TABLE queue (paused BOOLEAN)"))
            value = await reader.scalar(text("SELECT count(*) FROM sqlite_master"))
        await engine.dispose()
        return int(value or 0)

    assert asyncio.run(read_beside()) == 0


async def stored_and_read(file: Path, stored: str) -> object:
    """Put ``stored`` into a column of Prefect's own type, as an earlier server has; read it."""
    engine = await AioSqliteConfiguration(f"sqlite+aiosqlite:///{file}").engine()
    table = Table("run", MetaData(), Column("parameters", JSON))
    async with engine.begin() as connection:
        await connection.execute(text("CREATE TABLE run (parameters JSON)"))
        await connection.execute(text("INSERT INTO run VALUES (:stored)"), {"stored": stored})
        value = await connection.scalar(select(table.c.parameters))
    await engine.dispose()
    return value


def test_what_an_earlier_server_has_stored_can_be_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Broken: one run of before requests were validated still stops the worker, `report` and `train`."""
    stored = r'{"project": "\ud800", "n": 36893488147419103232}'
    assert asyncio.run(stored_and_read(tmp_path / "stock.db", stored)) == {
        "project": "\ud800",
        "n": 2**65,
    }
    monkeypatch.setattr(AioSqliteConfiguration, "engine", AioSqliteConfiguration.engine)
    mend_what_is_read()
    assert asyncio.run(stored_and_read(tmp_path / "mended.db", stored)) == {
        "project": "\ufffd",
        "n": 2.0**65,
    }


@pytest.mark.parametrize("number", [0, 7, 50.5])
def test_a_number_that_is_stored_can_be_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: float
) -> None:
    """Broken: an artifact that shows progress ends its flow with a 500."""
    monkeypatch.setattr(AioSqliteConfiguration, "engine", AioSqliteConfiguration.engine)
    mend_what_is_read()
    assert asyncio.run(stored_and_read(tmp_path / "numbers.db", str(number))) == number


@pytest.mark.parametrize(
    ("error", "is_retryable"),
    [
        (ConnectionRefusedError(), True),
        (asyncpg.InterfaceError("connection is closed"), True),
        (asyncpg.exceptions.AdminShutdownError(), True),
        (asyncpg.exceptions.CannotConnectNowError(), True),
        (asyncpg.exceptions.TooManyConnectionsError(), True),
        (TimeoutError(), True),
        (ValueError(), False),
    ],
)
def test_who_asks_while_the_database_restarts_is_asked_to_ask_again(
    monkeypatch: pytest.MonkeyPatch, error: Exception, is_retryable: bool
) -> None:
    """Broken: a restart of PostgreSQL of a second ends the runs that just say how they are."""
    original = server.is_client_retryable_exception
    monkeypatch.setattr(server, "is_client_retryable_exception", original)
    outlast_database()
    assert server.is_client_retryable_exception(error) == is_retryable


@pytest.mark.slow
def test_every_application_of_the_process_has_one_door(monkeypatch: pytest.MonkeyPatch) -> None:
    """Broken: nothing is looked at, or before the password was asked for, or twice."""
    monkeypatch.setattr(server, "create_app", server.create_app)
    validate_requests()
    application = server.create_app(ephemeral=True, ignore_cache=True)
    inside = application.api_app.user_middleware  # type: ignore[attr-defined] # Prefect's own
    assert [each.cls for each in inside].count(RequestValidator) == 1
    # Behind the password: what comes last is added last, and is nearest to the application.
    assert [each.cls for each in inside[-2:]] == [RequestValidator, ReadsForwarder]
