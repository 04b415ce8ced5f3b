"""A tiny web application: the standard library's HTTP server, and visits counted in SQLite."""

from __future__ import annotations

import sys
from pathlib import Path

from stack.api import Json

APPLICATION = """
import os, sqlite3, sys, time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

VERSION, FOLDER = Path("VERSION").read_text(), Path(os.environ["TINY_FOLDER"])


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        status, body = 200, VERSION
        if self.path == "/health":
            (FOLDER / f"asked-{VERSION}").touch()
            status = 503 if (FOLDER / f"sick-{VERSION}").exists() else 200
        elif self.path == "/slow":
            (FOLDER / "slow").touch()
            while not (FOLDER / "finish").exists():
                time.sleep(0.02)
        elif self.path == "/visits":
            with sqlite3.connect(os.environ["TINY_DATABASE"]) as database:
                database.execute("CREATE TABLE IF NOT EXISTS visits (version TEXT)")
                database.execute("INSERT INTO visits VALUES (?)", [VERSION])
                body = str(database.execute("SELECT count(*) FROM visits").fetchone()[0])
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *_):
        pass


ThreadingHTTPServer((sys.argv[1], int(sys.argv[2])), Handler).serve_forever()
"""


def write_version(folder: Path, version: str) -> None:
    """Write the source tree of ``version`` below ``folder``."""
    source = folder / version
    source.mkdir(parents=True)
    (source / "application.py").write_text(APPLICATION)
    (source / "VERSION").write_text(version)


def configuration(name: str, folder: Path) -> Json:
    """Return the configuration of a project and an environment of that name.

    Its sources are ``folder``/<version>; it watches and leaves files in ``folder``.
    """
    service = {
        "command": f"{sys.executable} application.py {{{{ host }}}} {{{{ port }}}}",
        "health_path": "/health",
        "drain_seconds": 120,
    }
    variables = {"TINY_FOLDER": str(folder), "TINY_DATABASE": "{{ data }}/tiny.db"}
    return {
        "projects": {
            name: {
                "source": f"{folder}/{{version}}",
                "version": "1",
                "kind": "procfile",
                "services": {"web": service},
                "repository": name,
                "environments": {name: {"variables": variables}},
            }
        },
        "environments": {name: {}},
        "providers": {
            f"{name}-{side}": {"kind": "shell", "cpus": 2, "slots": 2, "memory_mib": 1024}
            for side in ("left", "right")
        },
        "repositories": {
            name: {"kind": "restic", "location": str(folder / "backups"), "password": "tiny"}
        },
    }
