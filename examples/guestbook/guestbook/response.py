"""The response of the application, before it is sent."""

from __future__ import annotations

import json
from dataclasses import dataclass
from http import HTTPStatus


@dataclass(frozen=True, slots=True)
class Response:
    """One answer: status, body, and the headers beside its length."""

    status: HTTPStatus
    body: bytes
    headers: tuple[tuple[str, str], ...]


def of_json(value: object, status: HTTPStatus = HTTPStatus.OK) -> Response:
    """Answer with ``value`` as JSON."""
    return Response(status, json.dumps(value).encode(), (("Content-Type", "application/json"),))


def of_error(problem: str, status: HTTPStatus) -> Response:
    """Answer with a problem, in words, as JSON."""
    return of_json({"error": problem}, status)


def of_html(page: str) -> Response:
    """Answer with an HTML page."""
    return Response(HTTPStatus.OK, page.encode(), (("Content-Type", "text/html; charset=utf-8"),))


def see_other(path: str) -> Response:
    """Send the browser to ``path`` after a form, so that a reload does not send it again."""
    return Response(HTTPStatus.SEE_OTHER, b"", (("Location", path),))
