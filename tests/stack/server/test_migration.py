"""Tests of the fork that migrates, in processes with one thread."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
pytestmark = [
    pytest.mark.prefect,
    pytest.mark.skipif(sys.platform != "linux", reason="it forks on Linux alone"),
]
RUN = "from stack.server.migration import migrated_in_a_fork\nimport os, sys, time\n"


def python(code: str, **variables: str) -> subprocess.Popen[str]:
    """Start a process that executes ``code``."""
    # Measuring starts a thread.
    unmeasured = {name: text for name, text in os.environ.items() if name != "BRANCH_COVERAGE"}
    return subprocess.Popen(
        [sys.executable, "-c", RUN + code],
        cwd=ROOT,
        env={**unmeasured, **variables},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_the_database_of_a_new_home_is_made(tmp_path: Path) -> None:
    """Broken: Prefect's server is told not to migrate, and finds no tables."""
    home = tmp_path / "prefect"
    process = python(
        "print(migrated_in_a_fork())",
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
    output, errors = python(code).communicate(timeout=60)
    assert output.split() == ["False"], errors
