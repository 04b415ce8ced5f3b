"""Calls the application without a server."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass
class Answer:
    """One answer of the application."""

    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        """Return the body, read as JSON."""
        return json.loads(self.body)


class Client:
    """Calls a WSGI application without a server."""

    def __init__(self, application: Callable[..., Any]) -> None:
        self.application = application

    def get(self, path: str, method: str = "GET") -> Answer:
        """Send a request without a body."""
        return self._send(method, path, b"", "")

    def post(self, path: str, value: object) -> Answer:
        """Send ``value`` as JSON."""
        return self._send("POST", path, json.dumps(value).encode(), "application/json")

    def submit(self, path: str, body: bytes) -> Answer:
        """Send what a browser's form sends."""
        return self._send("POST", path, body, "application/x-www-form-urlencoded")

    def _send(self, method: str, path: str, body: bytes, content_type: str) -> Answer:
        place, _, query = path.partition("?")
        environ = {
            "REQUEST_METHOD": method,
            "PATH_INFO": place,
            "QUERY_STRING": query,
            "CONTENT_TYPE": content_type,
            "CONTENT_LENGTH": str(len(body)),
            "wsgi.input": io.BytesIO(body),
        }
        seen: list[Any] = []
        parts = self.application(environ, lambda status, headers: seen.extend([status, headers]))
        return Answer(int(seen[0].split()[0]), dict(seen[1]), b"".join(parts))
