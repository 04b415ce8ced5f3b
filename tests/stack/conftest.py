"""Fixtures for the tests of the stack: an empty ledger, and a small server in place of Prefect."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from stack.api import SlipwayApi
from tests.stack.sleepers import supervised

__all__ = ["supervised"]

Answer = tuple[int, Any]


@dataclass
class FakePrefect:
    """Answers each ``METHOD path`` with the next of its answers; the last one is repeated."""

    url: str = ""
    answers: dict[str, list[Answer]] = field(default_factory=dict)
    requests: list[tuple[str, dict[str, Any], str]] = field(default_factory=list)

    def answer(self, route: str, *answers: Answer) -> None:
        """Set what ``route`` answers, in order."""
        self.answers[route] = list(answers)

    def bodies(self, route: str) -> list[dict[str, Any]]:
        """Return the bodies that ``route`` was sent."""
        return [body for requested, body, _ in self.requests if requested == route]

    def reply(self, route: str, body: dict[str, Any], authorization: str) -> Answer:
        """Note a request and return its answer; 404 for what was not set."""
        self.requests.append((route, body, authorization))
        answers = self.answers.get(route, [(404, {"detail": "Not found"})])
        return answers.pop(0) if len(answers) > 1 else answers[0]

    def client(self, auth: str = "", patience_seconds: float = 5.0) -> SlipwayApi:
        """Return a client of this server."""
        return SlipwayApi(self.url, auth, patience_seconds)


def handler_of(fake: FakePrefect) -> type[BaseHTTPRequestHandler]:
    """Return the handler that lets ``fake`` answer."""

    class _Handler(BaseHTTPRequestHandler):
        def _do_any(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(length) or b"{}")
            route = f"{self.command} {self.path.removeprefix('/api')}"
            status, answer = fake.reply(route, body, self.headers.get("Authorization", ""))
            data = b"" if answer is None else json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = _do_any  # noqa: N815 - the names http.server looks for

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its base's name
            """Say nothing."""

    return _Handler


@pytest.fixture
def prefect_api() -> Iterator[FakePrefect]:
    """A fake Prefect API on a port of the loopback address."""
    fake = FakePrefect()
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler_of(fake))
    fake.url = f"http://127.0.0.1:{server.server_port}/api"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield fake
    server.shutdown()
    server.server_close()
    thread.join()
