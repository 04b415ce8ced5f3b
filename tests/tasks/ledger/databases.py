"""The fixtures that run a test on SQLite and, where one can be started, on PostgreSQL."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from tasks.ledger.connection import open_ledger
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
def url(request: pytest.FixtureRequest, ledger_template: Path, tmp_path: Path) -> Iterator[str]:
    """Give the URL of a migrated ledger of its own, copied from a template."""
    if request.param == "sqlite":
        path = tmp_path / "ledger.db"
        shutil.copy(ledger_template, path)
        yield f"sqlite:///{path}"
        return
    server = postgresql()
    name = server.create(_postgresql_template())
    yield server.url(name)
    server.drop(name)


@pytest.fixture
def ledger_url(url: str) -> str:
    """Have the fixture `ledger` open that one."""
    return url


def postgresql() -> Cluster:
    """Return the PostgreSQL of this run, or skip; fail where one is required."""
    try:
        return cluster()
    except UnavailableError as error:
        if os.environ.get(REQUIRED) == "1":
            pytest.fail(f"{REQUIRED}=1, but {error}")
        pytest.skip(str(error))


@cache
def _postgresql_template() -> str:
    name = postgresql().create()
    open_ledger(postgresql().url(name)).close()
    return name
