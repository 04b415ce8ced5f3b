"""A real HTTP server on loopback that answers as a test wants it to."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

GUESTBOOK = Path(__file__).parents[2] / "examples" / "guestbook"

Application = Callable[[BaseHTTPRequestHandler], None]
Serve = Callable[[Application], int]


class Server(ThreadingHTTPServer):
    """Serves without waiting for connections that stay open."""

    daemon_threads = True
    block_on_close = False


class Handler(BaseHTTPRequestHandler):
    """Hands every request, whatever its method, to the server's application."""

    protocol_version = "HTTP/1.1"
    wbufsize = -1
    disable_nagle_algorithm = True
    application: Application

    def handle_one_request(self) -> None:
        """Answer one request of a connection that is kept."""
        self.raw_requestline = self.rfile.readline(65537)
        if not self.raw_requestline:
            self.close_connection = True
        elif self.parse_request():
            type(self).application(self)
            self.wfile.flush()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def serving(application: Application) -> Iterator[int]:
    """Answer every request with ``application`` and give the port."""
    handler = type("Bound", (Handler,), {"application": staticmethod(application)})
    server = Server(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Give what starts a server for an application and returns its port."""
    with ExitStack() as stack:
        yield lambda application: stack.enter_context(serving(application))


@pytest.fixture
def guestbook_on_path(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the example's own package be imported."""
    monkeypatch.syspath_prepend(str(GUESTBOOK))
    for name in [name for name in sys.modules if name.partition(".")[0] == "guestbook"]:
        monkeypatch.delitem(sys.modules, name)
