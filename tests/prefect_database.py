"""An empty database of Prefect for tests: making one takes eight seconds, copying it does not."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from tasks.home import Home


@pytest.fixture(scope="session")
def prefect_database(pytestconfig: pytest.Config) -> Path:
    """Give the file of an empty SQLite database of this version of Prefect.

    Prefect itself makes it, once for all workers and later runs of pytest.
    """
    assert pytestconfig.cache is not None
    path = pytestconfig.cache.mkdir("prefect") / f"{version('prefect')}.db"
    with path.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not path.exists():
            _migrate(path.with_suffix(".making"))
            path.with_suffix(".making").rename(path)
    return path


def copy_into(home: Path, prefect_database: Path) -> None:
    """Have the server of the stack in ``home``, which is new, begin with a copy."""
    home.mkdir(mode=0o700, parents=True)
    Home(home).prefect.mkdir()
    shutil.copyfile(prefect_database, Home(home).prefect / "prefect.db")


def _migrate(path: Path) -> None:
    path.unlink(missing_ok=True)
    home = path.parent / "home"
    own = {
        "PREFECT_HOME": str(home),
        "PREFECT_SERVER_DATABASE_CONNECTION_URL": f"sqlite+aiosqlite:///{path}",
    }
    command = [sys.executable, "-m", "prefect", "server", "database", "upgrade", "-y"]
    subprocess.run(command, env={**os.environ, **own}, capture_output=True, check=True)
    shutil.rmtree(home)
