"""Starts Prefect's server with fixes for SQLite contention, stored JSON, schedules and clocks.

A transaction that reads before it writes cannot wait for another writer: SQLite refuses it at once
("database is locked"), whatever the busy time-out, since what it has read is outdated. Prefect
begins most of its transactions like that, and answers 503. Here they take turns, and ask for the
write lock before they read.

Requests with values that it could store but not return are refused (see ``request_validation``).
Such values that an earlier server has stored are repaired when they are read, or one flow run would
end every operation.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager
from contextvars import ContextVar
from functools import partial
from typing import Any
from weakref import WeakKeyDictionary

import asyncpg  # type: ignore[import-untyped]
from fastapi import FastAPI
from prefect.cli import app
from prefect.server.api import deployments, server
from prefect.server.database.configurations import (
    SQLITE_BEGIN_MODE,
    AioSqliteConfiguration,
    AsyncPostgresConfiguration,
)
from prefect.server.schemas.schedules import CronSchedule, IntervalSchedule, RRuleSchedule
from prefect.settings import PREFECT_API_DATABASE_MIGRATE_ON_START, temporary_settings
from prefect.utilities.schema_tools.validation import ValidationError
from starlette.middleware import Middleware

import blocks.notification  # noqa: F401 - the server itself loads it, to send with it
from flows.configuration.parameter_errors import explained
from stack.channel import socket_path
from stack.registration.operations import (
    read_entrypoints,
    read_job_template,
    read_operations,
    read_run_names,
)
from stack.server.guard import Guard
from stack.server.host_names import OwnNames
from stack.server.known_schemas import check_schemas_once, explain_patterns
from stack.server.limit_leases import release_what_is_gone
from stack.server.listening import listen_at_a_front
from stack.server.migration import migrated_in_a_fork
from stack.server.pool_guard import PoolGuard
from stack.server.reads import ReadsForwarder
from stack.server.recurrence import can_be_followed
from stack.server.request_validation import RequestValidator
from stack.server.schedules import times_that_end
from stack.server.storable import read_stored
from stack.server.transitions import stay_ended, wait_by_the_clock_as_it_is
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
"""Errors of a PostgreSQL that restarts, is locked or has no connection left, unknown to Prefect."""
_has_turn: ContextVar[bool] = ContextVar("_has_turn", default=False)


def write_in_turn() -> None:
    """Let transactions of this process that may write begin with the write lock, first come first.

    SQLite itself lets whoever tries at the right moment go first: some would wait for half a
    minute. A transaction inside another one takes no turn, or it would wait for itself; nor does
    another session that only reads meanwhile, as it does where a queue is paused.
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
                    await session.connection()  # it begins here, and not at the first statement
                    mode = SQLITE_BEGIN_MODE.set("DEFERRED")
                    try:
                        yield transaction
                    finally:
                        SQLITE_BEGIN_MODE.reset(mode)
            finally:
                _has_turn.reset(token)

    AioSqliteConfiguration.begin_transaction = begin_in_turn  # type: ignore[method-assign]


def validate_requests() -> None:
    """Add the request validation to every application here, behind its authentication."""
    create = server.create_app

    def create_with_validation(*args: Any, **kwargs: Any) -> FastAPI:
        """Create the application, or return it from Prefect's cache."""
        application = create(*args, **kwargs)
        middleware = application.api_app.user_middleware  # type: ignore[attr-defined] # Prefect's own
        if all(each.cls is not RequestValidator for each in middleware):
            middleware.append(Middleware(RequestValidator))
            channel = socket_path(settings().root)
            middleware.append(Middleware(ReadsForwarder, channel=channel))
            application.add_middleware(OwnPages)
            if not settings().auth:
                application.add_middleware(OwnNames)
        return application

    server.create_app = create_with_validation


def explain_refusals() -> None:
    """Add the meaning of a parameter to the API's message when it refuses one."""
    validate = deployments.validate  # type: ignore[attr-defined] # as it is imported

    def validate_and_explain(obj: Any, schema: Any, *args: Any, **kwargs: Any) -> Any:
        """Validate as Prefect does."""
        try:
            return validate(obj, schema, *args, **kwargs)
        except ValidationError as error:
            raise ValidationError(explained(error, schema)) from error

    deployments.validate = validate_and_explain  # type: ignore[attr-defined] # as it is imported


def outlast_database() -> None:
    """Make clients retry while the database restarts: the server answers 503, not 500."""
    is_retryable = server.is_client_retryable_exception

    def is_retryable_or_away(exc: Exception) -> bool:
        """Include a database that cannot be reached, or has closed the connection."""
        return isinstance(exc, _AWAY) or is_retryable(exc)

    server.is_client_retryable_exception = is_retryable_or_away


def mend_what_is_read() -> None:
    """Make every database of this process return its JSON so that it can be sent."""
    for kind in (AioSqliteConfiguration, AsyncPostgresConfiguration):
        _mend(kind)


def _mend(kind: type[AioSqliteConfiguration | AsyncPostgresConfiguration]) -> None:
    engine = kind.engine

    async def engine_that_mends(self: Any) -> Any:
        """Return the engine, with a JSON reader that repairs what another server has stored."""
        connected: Any = await engine(self)
        connected.dialect._json_deserializer = read_stored  # noqa: SLF001 - else given when it is made
        return connected

    kind.engine = engine_that_mends  # type: ignore[method-assign]


def end_schedules() -> None:
    """Make every schedule of this process that cannot be computed end, instead of failing."""
    rule_dates = RRuleSchedule._get_dates_generator  # noqa: SLF001 - all that counts goes through it

    def dates_that_end(self: RRuleSchedule, *args: Any, **kwargs: Any) -> Iterator[Any]:
        """Yield the dates of a schedule that can be computed."""
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


def main() -> None:
    """Serve until told to stop."""
    write_in_turn()
    validate_requests()
    explain_refusals()
    outlast_database()
    mend_what_is_read()
    release_what_is_gone()
    wait_by_the_clock_as_it_is()
    stay_ended()
    end_schedules()
    check_schemas_once()
    explain_patterns()
    home = Home(settings().root)
    listen_at_a_front(home.root)
    registered = (partial(read_operations, home), partial(read_entrypoints, home))
    pool = PoolGuard(settings().work_pool, partial(read_job_template, home))
    Guard(*registered, pool, partial(read_run_names, home)).install()
    sys.argv = ["prefect", "server", "start"]
    # Prefect migrates at its start where that could not be done before.
    with temporary_settings({PREFECT_API_DATABASE_MIGRATE_ON_START: not migrated_in_a_fork()}):
        app()


if __name__ == "__main__":
    main()
