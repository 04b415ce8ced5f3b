"""The fixtures that run a test on SQLite and, where one can be started, on PostgreSQL."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from tasks.ledger.connection import Ledger, open_ledger
from tests.tasks.ledger.postgres import Cluster, UnavailableError, cluster

REQUIRED = "SLIPWAY_REQUIRE_POSTGRES"


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.integration)])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Give the URL of a database without any table."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'home' / 'ledger.db'}"
        return
    server = postgresql()
    name = server.create()
    yield server.url(name)
    server.drop(name)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.integration)])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Give the URL of a migrated ledger of its own, copied from a template."""
    if request.param == "sqlite":
        path = tmp_path / "ledger.db"
        shutil.copy(_sqlite_template(), path)
        yield f"sqlite:///{path}"
        return
    server = postgresql()
    name = server.create(_postgresql_template())
    yield server.url(name)
    server.drop(name)


@pytest.fixture
def ledger(url: str) -> Iterator[Ledger]:
    """Give an open ledger of its own."""
    opened = open_ledger(url)
    yield opened
    opened.close()


def postgresql() -> Cluster:
    """Return the PostgreSQL of this run, or skip; fail where one is required."""
    try:
        return cluster()
    except UnavailableError as error:
        if os.environ.get(REQUIRED) == "1":
            pytest.fail(f"{REQUIRED}=1, but {error}")
        pytest.skip(str(error))


@cache
def _sqlite_template() -> Path:
    # Closing the last connection moves the WAL into the file, so that a copy is whole.
    folder = tempfile.mkdtemp(prefix="slipway-ledger-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    path = Path(folder) / "template.db"
    open_ledger(f"sqlite:///{path}").close()
    return path


@cache
def _postgresql_template() -> str:
    name = postgresql().create()
    open_ledger(postgresql().url(name)).close()
    return name
