"""The WSGI application, which answers the requests of visitors."""

from __future__ import annotations

import math
import sqlite3
import time
import uuid
from collections.abc import Callable, Iterable
from dataclasses import asdict
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qs

from guestbook import __version__
from guestbook.entry import InvalidEntryError, parse
from guestbook.page import render
from guestbook.response import Response, of_error, of_html, of_json, see_other
from guestbook.store import Store

BODY_LIMIT = 64 * 1024
SLOW_LIMIT_SECONDS = 10.0
LIST_LIMIT = 1000

Environ = dict[str, Any]


class Guestbook:
    """A guestbook over ``store``, which calls itself ``version``."""

    def __init__(self, store: Store, version: str = __version__) -> None:
        self._store, self._version = store, version
        self._routes: dict[tuple[str, str], Callable[[Environ], Response]] = {
            ("GET", "/"): self._page,
            ("GET", "/health"): self._health,
            ("GET", "/version"): self._show_version,
            ("GET", "/entries"): self._list,
            ("POST", "/entries"): self._add,
            ("GET", "/executions"): self._executions,
            ("GET", "/slow"): self._slow,
        }

    def __call__(self, environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Answer one request."""
        response = self.answer(environ)
        length = ("Content-Length", str(len(response.body)))
        status = f"{response.status.value} {response.status.phrase}"
        start_response(status, [*response.headers, length])
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [response.body]

    def answer(self, environ: Environ) -> Response:
        """Return the answer to one request; a database that fails is a 503."""
        method, path = environ["REQUEST_METHOD"], environ.get("PATH_INFO", "/") or "/"
        route = self._routes.get(("GET" if method == "HEAD" else method, path))
        if route is None:
            return self._unknown(path)
        try:
            return route(environ)
        except sqlite3.Error as error:
            return of_error(f"database: {error}", HTTPStatus.SERVICE_UNAVAILABLE)

    def _unknown(self, path: str) -> Response:
        if any(known == path for _, known in self._routes):
            return of_error("method not allowed here", HTTPStatus.METHOD_NOT_ALLOWED)
        return of_error("no such page", HTTPStatus.NOT_FOUND)

    def _page(self, _: Environ) -> Response:
        return of_html(render(self._store.newest(), self._store.count(), self._version))

    def _health(self, _: Environ) -> Response:
        entries = self._store.count()
        return of_json({"status": "ok", "version": self._version, "entries": entries})

    def _show_version(self, _: Environ) -> Response:
        return of_json({"version": self._version})

    def _list(self, environ: Environ) -> Response:
        limit = _number(environ, "limit", default=50)
        if not 1 <= limit <= LIST_LIMIT:
            return of_error(f"limit: must be 1 to {LIST_LIMIT}", HTTPStatus.BAD_REQUEST)
        entries = [asdict(entry) for entry in self._store.newest(int(limit))]
        return of_json({"total": self._store.count(), "entries": entries})

    def _executions(self, _: Environ) -> Response:
        return of_json(asdict(self._store.executions()))

    def _slow(self, environ: Environ) -> Response:
        seconds = _number(environ, "seconds", default=1)
        if not 0 <= seconds <= SLOW_LIMIT_SECONDS:
            problem = f"seconds: must be 0 to {SLOW_LIMIT_SECONDS:g}"
            return of_error(problem, HTTPStatus.BAD_REQUEST)
        time.sleep(seconds)
        return of_json({"slept": seconds, "version": self._version})

    def _add(self, environ: Environ) -> Response:
        length = environ.get("CONTENT_LENGTH") or "0"
        if not length.isdigit() or int(length) > BODY_LIMIT:
            problem = f"body: at most {BODY_LIMIT} bytes"
            return of_error(problem, HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        body, content_type = (
            environ["wsgi.input"].read(int(length)),
            environ.get("CONTENT_TYPE", ""),
        )
        try:
            entry = parse(body, content_type, fallback_id=uuid.uuid4().hex)
        except InvalidEntryError as error:
            return of_error(str(error), HTTPStatus.BAD_REQUEST)
        count = self._store.add(entry, self._version, time.time())
        if not content_type.startswith("application/json"):
            return see_other("/")
        status = HTTPStatus.CREATED if count == 1 else HTTPStatus.CONFLICT
        return of_json({"id": entry.id, "executions": count, "version": self._version}, status)


def _number(environ: Environ, name: str, default: float) -> float:
    """Return a number from the query; a value that is not a number is out of every range."""
    text = parse_qs(environ.get("QUERY_STRING", "")).get(name, [str(default)])[-1]
    try:
        return float(text)
    except ValueError:
        return math.nan
