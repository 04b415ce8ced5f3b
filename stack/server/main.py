"""Prefect's server, kept from blocking itself for a minute when its SQLite file is contended.

SQLAlchemy 2.0 leaves the open cursor of a failed statement ("database is locked") to the garbage
collector, which may run in the event loop's thread while another thread waits in the same SQLite
connection for the write lock. Freeing an open cursor needs that connection's mutex, so the event
loop stands still until the wait times out (60 s), and with it the transaction that has the lock.
Here such a cursor is closed at once, in the thread of its connection.

A transaction that reads before it writes cannot wait for another writer: SQLite refuses it at once
("database is locked"), whatever the busy time-out, since what it has read is outdated. Prefect
begins most of its transactions so, and answers 503. Here they take turns, and ask
for the write lock before they read.

What it would store and could not give back is kept out (see ``door``); what an earlier server has
stored of that kind is mended when it is read, or one flow run would end every operation.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from functools import partial
from typing import Any
from weakref import WeakKeyDictionary

import asyncpg  # type: ignore[import-untyped]
from fastapi import FastAPI
from prefect.cli import app
from prefect.server.api import deployments, server
from prefect.server.database.configurations import (
    AioSqliteConfiguration,
    AsyncPostgresConfiguration,
)
from prefect.server.orchestration.core_policy import WaitForScheduledTime
from prefect.server.schemas.schedules import CronSchedule, IntervalSchedule, RRuleSchedule
from prefect.utilities.schema_tools.validation import ValidationError
from starlette.middleware import Middleware

from stack.registration.operations import read_entrypoints, read_job_template, read_operations
from stack.registration.parameter_errors import explained
from stack.runs.clock_set_back import waits_in_vain
from stack.server.guard import Guard
from stack.server.host_names import OwnNames
from stack.server.limit_leases import release_what_is_gone
from stack.server.pool_guard import PoolGuard
from stack.server.recurrence import can_be_followed
from stack.server.request_validation import Door
from stack.server.schedules import times_that_end
from stack.server.storable import read_stored
from stack.server.ui_pages import OwnPages
from tasks.home import Home
from tasks.settings import settings

_turns: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Lock] = WeakKeyDictionary()
_AWAY = (
    ConnectionError,
    TimeoutError,
    asyncpg.InterfaceError,
    asyncpg.exceptions.AdminShutdownError,
    asyncpg.exceptions.CrashShutdownError,
    asyncpg.exceptions.TooManyConnectionsError,
)
"""How a PostgreSQL that restarts, is locked or has no connection left shows, past what Prefect knows."""
_has_turn: ContextVar[bool] = ContextVar("_has_turn", default=False)


def write_in_turn() -> None:
    """Let transactions of this process that may write begin with the write lock, first come first.

    SQLite itself lets whoever tries at the right moment go first: some would wait for half a
    minute. A transaction inside another one takes no turn, or it would wait for itself.
    """
    begin = AioSqliteConfiguration.begin_transaction

    @asynccontextmanager
    async def begin_in_turn(
        self: AioSqliteConfiguration,
        session: Any,
        with_for_update: bool = False,  # noqa: FBT001, FBT002 - as Prefect has it
    ) -> AsyncGenerator[Any, None]:
        """Begin when it is this one's turn."""
        if _has_turn.get():
            async with begin(self, session, with_for_update=with_for_update) as transaction:
                yield transaction
            return
        async with _turns.setdefault(asyncio.get_running_loop(), asyncio.Lock()):
            token = _has_turn.set(True)
            try:
                async with begin(self, session, with_for_update=True) as transaction:
                    yield transaction
            finally:
                _has_turn.reset(token)

    AioSqliteConfiguration.begin_transaction = begin_in_turn  # type: ignore[method-assign]


def keep_out_unstorable() -> None:
    """Put the door into every application of this process, behind the question for the password."""
    create = server.create_app

    def create_with_door(*args: Any, **kwargs: Any) -> FastAPI:
        """Create the application, or return it from Prefect's cache."""
        application = create(*args, **kwargs)
        inside = application.api_app.user_middleware  # type: ignore[attr-defined] # Prefect's own
        if all(each.cls is not Door for each in inside):
            inside.append(Middleware(Door))
            application.add_middleware(OwnPages)
            if not settings().auth:
                application.add_middleware(OwnNames)
        return application

    server.create_app = create_with_door


def explain_refusals() -> None:
    """Let what the API says of parameters that it refuses name what they are."""
    validate = deployments.validate  # type: ignore[attr-defined] # as it is imported

    def validate_and_explain(obj: Any, schema: Any, *args: Any, **kwargs: Any) -> Any:
        """Validate as Prefect does."""
        try:
            return validate(obj, schema, *args, **kwargs)
        except ValidationError as error:
            raise ValidationError(explained(str(error), schema)) from error

    deployments.validate = validate_and_explain  # type: ignore[attr-defined] # as it is imported


def outlast_database() -> None:
    """Have clients ask again while the database restarts: the server answers 503, not 500."""
    is_retryable = server.is_client_retryable_exception

    def is_retryable_or_away(exc: Exception) -> bool:
        """Tell it of a database as well that cannot be reached, or has closed the connection."""
        return isinstance(exc, _AWAY) or is_retryable(exc)

    server.is_client_retryable_exception = is_retryable_or_away


def mend_what_is_read() -> None:
    """Let every database of this process give back its JSON so that it can be sent."""
    for kind in (AioSqliteConfiguration, AsyncPostgresConfiguration):
        _mend(kind)


def _mend(kind: type[AioSqliteConfiguration | AsyncPostgresConfiguration]) -> None:
    engine = kind.engine

    async def engine_that_mends(self: Any) -> Any:
        """Return the engine, which reads what another server has stored."""
        connected: Any = await engine(self)
        connected.dialect._json_deserializer = read_stored  # noqa: SLF001 - else given when it is made
        return connected

    kind.engine = engine_that_mends  # type: ignore[method-assign]


def end_schedules() -> None:
    """Let every schedule of this process that cannot be followed have no dates, or no further ones."""
    rule_dates = RRuleSchedule._get_dates_generator  # noqa: SLF001 - all that counts goes through it

    def dates_that_end(self: RRuleSchedule, *args: Any, **kwargs: Any) -> Iterator[Any]:
        """Yield the dates of a schedule that can be followed."""
        if can_be_followed(self.rrule):
            yield from times_that_end(rule_dates(self, *args, **kwargs))

    RRuleSchedule._get_dates_generator = dates_that_end  # type: ignore[method-assign, assignment] # noqa: SLF001
    for kind in (CronSchedule, IntervalSchedule):
        _end(kind)


def _end(kind: type[CronSchedule | IntervalSchedule]) -> None:
    dates = kind._get_dates_generator  # noqa: SLF001 - all that counts goes through it

    def dates_that_end(self: Any, *args: Any, **kwargs: Any) -> Iterator[Any]:
        """Yield the dates that are in the calendar."""
        yield from times_that_end(dates(self, *args, **kwargs))

    kind._get_dates_generator = dates_that_end  # type: ignore[method-assign, assignment] # noqa: SLF001


def wait_by_the_clock_as_it_is() -> None:
    """Let a flow run begin that waits only because the clock was set back after it was due."""
    wait = WaitForScheduledTime.before_transition

    async def wait_unless_in_vain(
        self: WaitForScheduledTime, initial_state: Any, proposed_state: Any, context: Any
    ) -> None:
        """Have it wait as Prefect does."""
        if initial_state is None or not waits_in_vain(
            initial_state.type.value,
            initial_state.timestamp,
            initial_state.state_details.scheduled_time,
            datetime.now(UTC),
        ):
            await wait(self, initial_state, proposed_state, context)

    WaitForScheduledTime.before_transition = wait_unless_in_vain  # type: ignore[method-assign]


def main() -> None:
    """Serve until told to stop."""
    write_in_turn()
    keep_out_unstorable()
    explain_refusals()
    outlast_database()
    mend_what_is_read()
    release_what_is_gone()
    wait_by_the_clock_as_it_is()
    end_schedules()
    home = Home(settings().root)
    registered = (partial(read_operations, home), partial(read_entrypoints, home))
    pool = PoolGuard(settings().work_pool, partial(read_job_template, home))
    Guard(*registered, pool).stand()
    sys.argv = ["prefect", "server", "start"]
    app()


if __name__ == "__main__":
    main()
