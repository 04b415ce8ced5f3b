"""A private PostgreSQL for the tests: one cluster for a run, one database for a test."""

from __future__ import annotations

import atexit
import itertools
import os
import pwd
import shutil
import subprocess
import tempfile
import time
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import psycopg
from psycopg import sql

USER = "slipway"
_numbers = itertools.count()


class UnavailableError(Exception):
    """No PostgreSQL can be started here; the message says why."""


@dataclass(frozen=True)
class Cluster:
    """A running server that listens on a Unix socket in ``directory`` alone."""

    directory: Path

    def url(self, database: str) -> str:
        """Return the SQLAlchemy URL of a database."""
        return f"postgresql+psycopg://{USER}@/{database}?host={self.directory}"

    def create(self, template: str = "template1") -> str:
        """Create an empty database, or a copy of ``template``; return its name."""
        name = f"test{next(_numbers)}"
        statement = sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(
            sql.Identifier(name), sql.Identifier(template)
        )
        self._execute(statement)
        return name

    def drop(self, name: str) -> None:
        """Drop a database, whoever is still connected."""
        self._execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))

    def _execute(self, statement: sql.Composed) -> None:
        with psycopg.connect(
            host=str(self.directory), user=USER, dbname="postgres", autocommit=True
        ) as connection:
            connection.execute(statement)


@cache
def cluster() -> Cluster:
    """Start the cluster of this test run; it is stopped and removed when Python exits.

    Raises:
        UnavailableError: When there is no PostgreSQL here, or none that starts.
    """
    programs = _programs()
    owner = _owner()
    # Short, as a socket's path may have 107 bytes.
    directory = Path(tempfile.mkdtemp(prefix="slipway-pg-", dir="/tmp"))
    atexit.register(shutil.rmtree, directory, ignore_errors=True)
    if owner is not None:
        os.chown(directory, owner.pw_uid, owner.pw_gid)
    data = directory / "data"
    # initdb and postgres refuse to run as root.
    uid, gid = (None, None) if owner is None else (owner.pw_uid, owner.pw_gid)
    process = subprocess.run(
        [programs / "initdb", "-D", data, "-U", USER, "-A", "trust", "-E", "UTF8", "--no-sync"],
        capture_output=True,
        text=True,
        check=False,
        cwd=directory,
        user=uid,
        group=gid,
    )
    if process.returncode:
        raise UnavailableError(f"initdb failed: {process.stderr.strip()}")
    settings = ("listen_addresses=", "fsync=off", "full_page_writes=off", "max_connections=200")
    server = subprocess.Popen(
        [
            str(programs / "postgres"),
            *("-D", str(data), "-k", str(directory)),
            *(part for setting in settings for part in ("-c", setting)),
        ],
        stdout=(directory / "log").open("wb"),
        stderr=subprocess.STDOUT,
        cwd=directory,
        user=uid,
        group=gid,
    )
    atexit.register(_stop, server)
    started = Cluster(directory)
    _wait(started, server)
    return started


def _programs() -> Path:
    program = shutil.which("initdb")
    installed = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    folders = [*installed, *([Path(program).resolve().parent] if program else [])]
    for folder in folders:
        if (folder / "initdb").exists() and (folder / "postgres").exists():
            return folder
    raise UnavailableError("PostgreSQL (initdb, postgres) is not installed")


def _owner() -> pwd.struct_passwd | None:
    if os.getuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise UnavailableError("root has no other user to run PostgreSQL as")


def _wait(started: Cluster, server: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and server.poll() is None:
        try:
            psycopg.connect(host=str(started.directory), user=USER, dbname="postgres").close()
        except psycopg.OperationalError:
            time.sleep(0.05)
        else:
            return
    raise UnavailableError(f"postgres did not start: {(started.directory / 'log').read_text()}")


def _stop(server: subprocess.Popen[bytes]) -> None:
    # SIGINT is PostgreSQL's fast shutdown: it does not wait for clients.
    server.send_signal(2)
    server.wait(timeout=60)
