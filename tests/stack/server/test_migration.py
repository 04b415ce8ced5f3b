"""Tests of the fork that migrates, in processes with one thread."""

from __future__ import annotations

import sqlite3
import sys
from pathlib import Path

import pytest

from tests.stack.one_thread import python

pytestmark = [
    pytest.mark.prefect,
    pytest.mark.skipif(sys.platform != "linux", reason="it forks on Linux alone"),
]
RUN = "from stack.server.migration import migrated_in_a_fork\nimport os, sys, time\n"


def test_the_database_of_a_new_home_is_made(tmp_path: Path) -> None:
    """Broken: Prefect's server is told not to migrate, and finds no tables."""
    home = tmp_path / "prefect"
    process = python(
        RUN + "print(migrated_in_a_fork())",
        PREFECT_HOME=str(home),
        PREFECT_API_DATABASE_CONNECTION_URL=f"sqlite+aiosqlite:///{home / 'prefect.db'}",
    )
    output, errors = process.communicate(timeout=240)
    assert output.split() == ["True"], errors
    with sqlite3.connect(home / "prefect.db") as database:
        tables = {name for (name,) in database.execute("SELECT name FROM sqlite_master")}
    assert {"flow_run", "alembic_version"} <= tables


def test_a_process_with_threads_leaves_it_to_prefect() -> None:
    """Broken: a lock that another thread holds stays held in the fork, and the server never starts."""
    code = (
        "import threading\nends = threading.Event()\n"
        "threading.Thread(target=ends.wait).start()\n"
        "print(migrated_in_a_fork())\nends.set()"
    )
    output, errors = python(RUN + code).communicate(timeout=60)
    assert output.split() == ["False"], errors
