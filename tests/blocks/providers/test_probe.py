"""A service is well when it says so, or at least accepts."""

from __future__ import annotations

import http.server
import socket
import threading
from collections.abc import Iterator

import pytest

from blocks.providers.probe import ask, can_bind

pytestmark = pytest.mark.integration


class Answer(http.server.BaseHTTPRequestHandler):
    """Answers with the code in the path."""

    def do_GET(self) -> None:
        """Answer."""
        self.send_response(int(self.path.strip("/")))
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def port() -> Iterator[int]:
    """Give the port of a server."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_port
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize(("path", "ok"), [("/200", True), ("302", True), ("/404", False)])
def test_below_400_is_well(port: int, path: str, ok: bool) -> None:
    """Broken: a broken release would get traffic, or a good one none."""
    answer = ask("127.0.0.1", port, path, 5)
    assert (answer.ok, answer.detail) == (
        ok,
        f"GET http://127.0.0.1:{port}/{path[-3:]}: {path[-3:]}",
    )


def test_without_a_path_a_port_that_accepts_is_well(port: int) -> None:
    """Broken: a service that does not speak HTTP could not be launched."""
    assert ask("127.0.0.1", port, "", 5).ok
    assert not can_bind("127.0.0.1", port)


@pytest.mark.parametrize("path", ["", "/"])
def test_nobody_there_is_no_error(path: str) -> None:
    """Broken: a service that is still starting would end the launch."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    assert "refused" in ask("127.0.0.1", port, path, 5).detail
    assert can_bind("127.0.0.1", port)
