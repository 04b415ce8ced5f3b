"""The projects of the campaign, and the configuration that names them.

``shop`` writes a numbered row per POST into SQLite, ``guest`` comes and goes, ``jobs`` has
workloads whose steps and tests note when they begin and end. What they write down lies outside of
Slipway's home, so that it is there when the home's disk is full.
"""

from __future__ import annotations

import random
import sqlite3
import sys
from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import Any

import yaml

VERSIONS = ("v1", "v2", "v3", "v4", "v5", "v6")
SLOTS = 3
STEPS = tuple(f"s{number}" for number in range(8))
TESTS = tuple(f"test_{number}" for number in range(9))
_MEDIA = 40

_APPLICATION = """
import os
import sqlite3
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

VERSION = open("VERSION").read()
ROWS = os.environ["ROWS"]


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.answer(200, VERSION + " " + os.environ.get("TOKEN", ""))

    def do_POST(self):
        number = int(self.rfile.read(int(self.headers["Content-Length"])))
        connection = sqlite3.connect(ROWS, timeout=30)
        try:
            with connection:
                connection.execute("insert into rows (number) values (?)", [number])
        finally:
            connection.close()
        self.answer(200, VERSION)

    def answer(self, status, text):
        body = text.encode()
        head = f"HTTP/1.1 {status} -\\r\\nContent-Length: {len(body)}\\r\\n\\r\\n"
        self.wfile.write(head.encode() + body)

    def log_message(self, *arguments):
        pass


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256


Server((os.environ["HOST"], int(os.environ["PORT"])), Handler).serve_forever()
"""

_STEP = """
note() { echo "$1 $2 $3 $$ $(date +%s.%N)" >>"$NOTES"; }
note begin "$1" "$2"
sleep 1
note end "$1" "$2"
"""

_CONFTEST = """
import os
import time


def note(kind, step):
    line = f"{kind} {os.environ['BATCH']} {step} {os.getpid()} {time.time()}\\n"
    with open(os.environ["NOTES"], "a") as notes:
        notes.write(line)


def pytest_sessionstart(session):
    if not session.config.option.collectonly:
        note("begin", f"shard-{os.getpid()}")


def pytest_sessionfinish(session):
    if not session.config.option.collectonly:
        note("end", f"shard-{os.getpid()}")


def pytest_runtest_logreport(report):
    if report.when == "call" and report.passed:
        note("end", report.nodeid.rpartition("::")[2])
"""

_TESTS = "import time\n" + "".join(f"\n\ndef {name}():\n    time.sleep(0.3)\n" for name in TESTS)


class Sources:
    """The projects below ``folder``, as their authors keep them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.data = folder / "shop-data"
        self.rows = self.data / "rows.sqlite"
        self.notes = folder / "notes"

    def write(self, seed: int) -> None:
        """Write everything."""
        for version in VERSIONS:
            for project in ("shop", "guest"):
                self._write(f"{project}-{version}/VERSION", version)
                self._write(f"{project}-{version}/application.py", _APPLICATION)
                self._write(
                    f"{project}-{version}/Procfile", f"web: {sys.executable} application.py"
                )
        self._write("jobs/step.sh", _STEP)
        self._write("jobs/requirements.txt", "pytest\n")
        self._write("jobs/tests/conftest.py", _CONFTEST)
        self._write("jobs/tests/test_all.py", _TESTS)
        chance = random.Random(seed)  # noqa: S311 - files to be compared
        (self.data / "media").mkdir(parents=True)
        for number in range(_MEDIA):
            content = chance.randbytes(chance.randrange(200_000))
            (self.data / "media" / f"{number}.bin").write_bytes(content)
        self.notes.touch()
        with closing(sqlite3.connect(self.rows)) as connection:
            connection.execute("pragma journal_mode = wal")
            connection.execute("create table rows (number integer)")

    def _write(self, name: str, text: str) -> None:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def configuration(self, token: str) -> dict[str, Any]:
        """Return what is loaded by `configure`; the guest answers with ``token``."""
        web = {"health_path": "/", "drain_seconds": 5}
        guest_rows = str(self.folder / "guest-rows.sqlite")
        return {
            "projects": {
                "shop": {
                    "source": str(self.folder / "shop-{version}"),
                    "version": VERSIONS[0],
                    "services": {"web": {**web, "replicas": 2}},
                    "data": [str(self.data)],
                    "environments": {"dev": {"variables": {"ROWS": str(self.rows)}}},
                },
                "guest": {
                    "source": str(self.folder / "guest-{version}"),
                    "version": VERSIONS[0],
                    "stateless": True,
                    "services": {"web": web},
                    "environments": {"dev": {"variables": {"ROWS": guest_rows, "TOKEN": token}}},
                },
                "jobs": {"source": str(self.folder / "jobs"), "stateless": True},
            },
            "providers": {
                "local": {"kind": "shell", "slots": SLOTS, "cpus": 64, "memory_mib": 16384}
            },
        }

    def configure(self, token: str) -> Path:
        """Write the configuration to a file of its own, and return it."""
        path = self.folder / "slipway.yaml"
        path.write_text(yaml.safe_dump(self.configuration(token)), encoding="utf-8")
        path.chmod(0o600)
        return path

    def steps(self, batch: str) -> dict[str, Any]:
        """Return a workload whose steps note themselves under ``batch``."""
        return {
            "kind": "steps",
            "steps": [
                {
                    "id": step,
                    "run": ["sh", "step.sh", batch, step],
                    "retries": 2,
                    "variables": {"NOTES": str(self.notes)},
                    "demand": {"cpus": 0.1, "memory_mib": 32, "slots": 1},
                }
                for step in STEPS
            ],
        }

    def tests(self, batch: str) -> dict[str, Any]:
        """Return a workload whose tests note themselves under ``batch``."""
        return {
            "kind": "pytest",
            "paths": ["tests"],
            "shards": 3,
            "retries": 2,
            "demand": {"cpus": 0.1, "memory_mib": 128, "slots": 1},
            "variables": {"NOTES": str(self.notes), "BATCH": batch},
        }


def rows_of(database: Path) -> Counter[int]:
    """Return how often each number is in a database.

    Raises:
        sqlite3.DatabaseError: It is not sound.
    """
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=30)) as connection:
        [sound] = connection.execute("pragma integrity_check").fetchone()
        if sound != "ok":
            raise sqlite3.DatabaseError(sound)
        return Counter(number for (number,) in connection.execute("select number from rows"))
