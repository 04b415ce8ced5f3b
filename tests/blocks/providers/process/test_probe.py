"""Tests of the health probe of a service."""

from __future__ import annotations

import contextlib
import http.server
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from blocks.providers.process.probe import ask, can_bind

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


class Dripping:
    """A server that answers with ``first``, and then with ``then`` again and again, for ever."""

    def __init__(self, first: bytes, then: bytes) -> None:
        self._first, self._then, self._over = first, then, threading.Event()
        self._server = socket.create_server(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._serve)

    def __enter__(self) -> int:
        """Serve, and return the port."""
        self._thread.start()
        return int(self._server.getsockname()[1])

    def __exit__(self, *_: object) -> None:
        """End, and with it every answer."""
        self._over.set()
        self._thread.join()

    def _serve(self) -> None:
        with self._server, self._server.accept()[0] as connection:
            connection.recv(4096)
            with contextlib.suppress(OSError):  # who asked has gone
                connection.sendall(self._first)
                while not self._over.wait(0.01):
                    connection.sendall(self._then)


@pytest.mark.parametrize(
    ("first", "then", "ok"),
    [
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n", True),
        (b"HTTP/1.1 200 OK\r\n\r\n", b"x", True),
        (b"HTTP/1.1 500 No\r\nContent-Length: 99\r\n\r\n", b"", False),
        (b"HTTP/1.1 200 OK\r\n", b"x", False),
        (b"", b"", False),
        (b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 100 Continue\r\n\r\n", False),
        (b"SSH-2.0-x\r\n", b"", False),
    ],
)
def test_an_answer_without_an_end_keeps_nobody_waiting(first: bytes, then: bytes, ok: bool) -> None:
    """Broken: a page of events, or a service that drips, has its launch hang for ever."""
    with ThreadPoolExecutor(1) as pool, Dripping(first, then) as port:
        answer = pool.submit(ask, "127.0.0.1", port, "/x y?z=1", 1.0).result(60)
    assert answer.ok == ok
