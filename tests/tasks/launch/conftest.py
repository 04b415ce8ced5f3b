"""A project whose service is one Python file, and what launches it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from benchmarks.free_ports import free_ports
from blocks.project_spec import ProjectSpec, ServiceSpec
from tasks.launch.launcher import Launcher
from tasks.ledger.connection import Ledger

SERVER = """
import http.server, os, sys
class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = f"{VERSION} {os.environ.get('GREETING', '')}".encode()
        self.send_response(200 if self.path == "/health" else 404)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
VERSION = "one"
http.server.ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Answer).serve_forever()
"""
COMMAND = "python3 server.py"


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """Give the source tree of a web service that says its version and $GREETING."""
    folder = tmp_path / "source"
    folder.mkdir()
    (folder / "server.py").write_text(SERVER)
    return folder


@pytest.fixture(scope="session")
def service_ports() -> int:
    """Give the first of a hundred ports that the tests of one process use one after another."""
    return free_ports(100)


@pytest.fixture
def launcher_for(
    ledger: Ledger, source: Path, tmp_path: Path, service_ports: int
) -> Iterator[Callable[..., Launcher]]:
    """Give a maker of launchers, and stop at the end what they launched."""
    launchers = []

    def make(
        project: str = "demo",
        variables: dict[str, str] | None = None,
        data: list[str] | None = None,
        **service: object,
    ) -> Launcher:
        service_spec = ServiceSpec.model_validate(
            {"command": COMMAND, "health_path": "/health", "drain_seconds": 0.5} | service
        )
        spec = ProjectSpec(
            source=str(source), kind="procfile", services={"web": service_spec}, data=data or []
        )
        launcher = Launcher(
            ledger,
            project,
            spec,
            "dev",
            variables or {},
            {"SECRET": "hunter2"},
            tmp_path / "home",
            ports=(service_ports, service_ports + 99),
        )
        launchers.append(launcher)
        return launcher

    yield make
    for launcher in launchers:
        launcher.stop(launcher.recorded(), 0)
