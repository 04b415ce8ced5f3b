"""Tests of the migrations: they build the schema that the code expects, also concurrently."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect, text

from tasks.errors import BadInputError
from tasks.ledger.connection import Ledger, open_ledger
from tasks.ledger.schema import HEAD, MIGRATIONS, revision
from tasks.ledger.tables.complete import complete_metadata


def alembic(ledger_connection: object = None) -> Config:
    """Return Alembic's configuration for the packaged migrations."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = ledger_connection
    return config


def test_head_is_the_newest_migration() -> None:
    """A forgotten HEAD would leave every ledger without the newest migration."""
    assert ScriptDirectory.from_config(alembic()).get_current_head() == HEAD


def test_migrations_build_exactly_the_tables(ledger: Ledger) -> None:
    """Otherwise the code would read columns that no ledger has."""
    with ledger.read() as connection:
        context = MigrationContext.configure(connection)
        assert compare_metadata(context, complete_metadata) == []
        assert revision(connection) == HEAD


@pytest.mark.slow
def test_migrations_can_be_undone(ledger: Ledger) -> None:
    """A downgrade that fails leaves a ledger no version can read."""
    with ledger.write() as connection:
        command.downgrade(alembic(connection), "base")
        assert inspect(connection).get_table_names() == ["alembic_version"]
        command.upgrade(alembic(connection), "head")
        assert set(complete_metadata.tables) < set(inspect(connection).get_table_names())


@pytest.mark.slow
def test_many_may_open_a_new_ledger_at_once(empty_url: str) -> None:
    """The first `make up` starts several processes, each of which finds an empty ledger."""
    with ThreadPoolExecutor(6) as pool:
        opened = list(pool.map(lambda _: open_ledger(empty_url), range(6)))
    for ledger in opened:
        with ledger.read() as connection:
            assert revision(connection) == HEAD
        ledger.close()


def test_a_failed_migration_leaves_nothing(ledger: Ledger) -> None:
    """Half a migration could be neither finished nor repeated."""

    def fail() -> None:
        with ledger.write() as connection:
            command.downgrade(alembic(connection), "0001")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    with ledger.read() as connection:
        assert set(complete_metadata.tables) < set(inspect(connection).get_table_names())
        assert revision(connection) == HEAD


def test_a_ledger_of_a_newer_version_is_refused(ledger: Ledger, url: str) -> None:
    """An older program would otherwise write what the newer one cannot read."""
    with ledger.write() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(BadInputError, match="Update Slipway"):
        open_ledger(url)


@pytest.mark.integration
def test_opening_a_migrated_ledger_does_not_load_alembic(ledger: Ledger, url: str) -> None:
    """Every flow process opens it, and would pay a third of a second."""
    program = (
        "import sys; from tasks.ledger.connection import open_ledger; "
        f"open_ledger({url!r}); assert 'alembic' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
