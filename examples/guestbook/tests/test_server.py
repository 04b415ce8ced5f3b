"""The application behind the real server, as it is deployed."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest
from guestbook import __version__

ROOT = Path(__file__).parents[1]


@dataclass
class Server:
    """A running server and where it listens."""

    process: subprocess.Popen[bytes]
    port: int

    def connect(self) -> http.client.HTTPConnection:
        """Open a keep-alive connection."""
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=15)

    def get(self, path: str) -> tuple[int, bytes]:
        """Send one GET over a connection of its own."""
        connection = self.connect()
        connection.request("GET", path)
        answer = connection.getresponse()
        status, body = answer.status, answer.read()
        connection.close()
        return status, body


def _start(database: Path, listener: socket.socket) -> subprocess.Popen[bytes]:
    # The listener is handed over, so that no other process can take its port in between.
    options = ["--bind", f"fd://{listener.fileno()}", "--worker-class", "gthread", "--threads", "8"]
    command = [sys.executable, "-m", "gunicorn", "guestbook.wsgi:application", *options]
    return subprocess.Popen(
        [*command, "--keep-alive", "180", "--no-control-socket"],
        cwd=ROOT,
        env=os.environ | {"GUESTBOOK_DATABASE": str(database), "PYTHONPATH": str(ROOT)},
        pass_fds=[listener.fileno()],
    )


@pytest.fixture
def server(database: Path) -> Iterator[Server]:
    """Start the server and stop it."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        process = _start(database, listener)
        port = listener.getsockname()[1]
    yield Server(process, port)
    process.terminate()
    process.wait(20)


class TestServer:
    """Requests over real connections."""

    def test_it_serves_its_version(self, server: Server) -> None:
        """A deploy could not see that the new version answers."""
        assert json.loads(server.get("/version")[1]) == {"version": __version__}

    def test_a_connection_is_kept(self, server: Server) -> None:
        """Every request would pay for a connection, and a router's would be closed under it."""
        connection = server.connect()
        for number in range(20):
            body = json.dumps({"id": f"k{number}", "author": "Ada", "message": "Hello"})
            connection.request("POST", "/entries", body, {"Content-Type": "application/json"})
            answer = connection.getresponse()
            assert answer.status == 201
            answer.read()
            assert not answer.will_close
        connection.close()
        assert json.loads(server.get("/health")[1])["entries"] == 20

    def test_a_request_in_flight_outlives_the_stop(self, server: Server) -> None:
        """A deploy would cut off the requests that the old version still answers."""
        server.get("/health")
        with ThreadPoolExecutor(1) as pool:
            slow = pool.submit(server.get, "/slow?seconds=1.5")
            time.sleep(0.5)
            server.process.send_signal(signal.SIGTERM)
            status, _ = slow.result()
        assert status == 200
        assert server.process.wait(20) == 0
