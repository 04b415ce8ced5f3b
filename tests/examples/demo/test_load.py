"""Load on a service: what is sent, and what counts as a failure."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from http.server import BaseHTTPRequestHandler

import pytest

from examples.demo.load import Load, Tally
from examples.demo.subject import GUESTBOOK, Request

pytestmark = pytest.mark.integration

Serve = Callable[[Callable[[BaseHTTPRequestHandler], None]], int]
SUBJECT = replace(GUESTBOOK, slow=Request("GET", "/slow?seconds=0", expected=b"slept"))


class Application:
    """Answers like the guestbook; drops or refuses writes when told to."""

    def __init__(self, fault: str = "") -> None:
        self.fault = fault
        self.ids: list[str] = []
        self.reads = 0
        self._lock = threading.Lock()

    def __call__(self, handler: BaseHTTPRequestHandler) -> None:
        """Answer one request."""
        body = handler.rfile.read(int(handler.headers.get("Content-Length", "0")))
        with self._lock:
            if handler.command == "POST":
                self.ids.append(json.loads(body)["id"])
            else:
                self.reads += 1
            turn = len(self.ids)
        if handler.command == "POST" and self.fault == "drop" and turn % 5 == 0:
            handler.close_connection = True
            return
        self._answer(handler, broken=handler.command == "POST" and self.fault == "status")

    def _answer(self, handler: BaseHTTPRequestHandler, *, broken: bool) -> None:
        answers = {"POST": b'{"executions": 1}', "GET": b"slept</html>"}
        body = b"wrong" if self.fault == "body" else answers[handler.command]
        handler.send_response(502 if broken else 200)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)


def _load(serve: Serve, application: Application, until: int) -> Tally:
    with Load(SUBJECT, "127.0.0.1", serve(application), per_second=400) as load:
        deadline = time.monotonic() + 20
        while load.tally.requests - load.tally.slow < until and time.monotonic() < deadline:
            time.sleep(0.01)
    return load.tally


def test_half_of_it_writes_with_ids_of_their_own(serve: Serve) -> None:
    """The load would not notice a write that is dropped or executed twice."""
    application = Application()
    tally = _load(serve, application, until=300)
    assert tally.failed == 0
    assert tally.failures == []
    assert tally.written == len(application.ids) == len(set(application.ids))
    quick = tally.requests - tally.slow
    assert abs(tally.written - quick / 2) <= 4
    assert tally.slow > 0


def test_every_request_is_sent_once(serve: Serve) -> None:
    """The client itself would execute a request twice, or count one that it never sent."""
    application = Application()
    tally = _load(serve, application, until=200)
    assert tally.requests == len(application.ids) + application.reads


@pytest.mark.parametrize("fault", ["drop", "status", "body"])
def test_a_fault_is_counted_and_named(serve: Serve, fault: str) -> None:
    """A deploy that loses, refuses or garbles requests would look clean."""
    application = Application(fault)
    tally = _load(serve, application, until=100)
    assert tally.failed > 0
    assert 1 <= len(tally.failures) <= 5
    assert tally.written < len(application.ids)
    assert tally.requests == len(application.ids) + application.reads


def test_a_service_that_is_away_is_a_failure_and_no_end(serve: Serve) -> None:
    """The load would stop at the first refused connection and call the rest clean."""
    with Load(SUBJECT, "127.0.0.1", 1) as load:
        deadline = time.monotonic() + 20
        while load.tally.failed < 10 and time.monotonic() < deadline:
            time.sleep(0.01)
    assert load.tally.failed == load.tally.requests >= 10
    assert load.tally.slow == 0
