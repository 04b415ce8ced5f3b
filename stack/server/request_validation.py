"""ASGI middleware that refuses requests whose values Prefect's server could store but not return.

One flow run of that kind is enough to stop every operation (see ``storable``). A request that
asks for something is refused with field, value and remedy. Reports of running flows (logs, states,
artifacts, events) are repaired instead: their sender could not correct them any more, and would
lose the rest of the report.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable, MutableMapping
from typing import Any

from stack.server import calendar_range, recurrence, schedules, templates
from stack.server.asgi import App, Message, Receive, Send, refuse
from stack.server.storable import is_suspect, mended, parsed, refuse_unstorable
from tasks.errors import BadInputError

MAX_BYTES = 16 * 1024 * 1024
"""Size limit of a request; the largest are artifacts with a picture, and logs."""
MAX_REQUEST_BYTES = 4 * 1024 * 1024
"""Size limit of a request that creates a flow run, since flow runs are listed by the hundred."""

_BODY_METHODS = frozenset({"POST", "PUT", "PATCH", "DELETE"})
_CHECKS = ((calendar_range.MARKS, calendar_range.refuse_edges),)
_DEPLOYMENT_CHECKS = (
    *_CHECKS,
    (templates.MARKS, templates.refuse_templates),
    (recurrence.MARKS, recurrence.refuse_endless_rules),
    (schedules.MARKS, schedules.refuse_uncomputable),
)
"""Pairs of the substrings by which a check applies, and the check."""
_ESCAPED = b"\\u"
"""An escaped character may hide such a substring."""
_REPORTS = ("/logs", "/artifacts", "/events")
_RUN_CREATING_PATHS = ("/deployments", "/flow_runs")
_UNPROCESSABLE = 422
_TOO_LARGE = 413


class TooLargeError(BadInputError):
    """A body that is larger than is read at all."""

    def __init__(self, most: int) -> None:
        remedy = "Send less, e.g. the path of a file instead of what is in it."
        super().__init__("body", "...", f"is larger than {most // 1024 // 1024} MiB", remedy)


class RequestValidator:
    """ASGI middleware that passes to ``app`` only values that the server can return again."""

    def __init__(self, app: App) -> None:
        self._app = app

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        """Validate one request, or all messages of one websocket."""
        if scope["type"] == "websocket":
            await self._app(scope, _mended_messages(receive), send)
        elif scope["type"] == "http":
            await self._admit(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _admit(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        try:
            calendar_range.refuse_edges_in_query(scope["query_string"])
            if scope["method"] in _BODY_METHODS:
                body = await _admitted_body(scope, receive)
                if body is None:
                    return
                receive = _replayed(body, receive)
        except BadInputError as error:
            if isinstance(error, TooLargeError):
                await refuse(send, _TOO_LARGE, error, (b"connection", b"close"))
            else:
                await refuse(send, _UNPROCESSABLE, error)
            return
        await self._app(scope, receive, send)


async def _admitted_body(scope: MutableMapping[str, Any], receive: Receive) -> bytes | None:
    """Return the body as it is passed on; None if the client has gone."""
    path = scope["path"].removeprefix(scope.get("root_path", ""))
    body = await _read(receive, _most(path))
    if body is None:
        return None
    # A rule may take seconds to check, during which other requests are answered.
    looks_long = _has(body, recurrence.MARKS)
    return await asyncio.to_thread(admitted, path, body) if looks_long else admitted(path, body)


def admitted(path: str, body: bytes) -> bytes:
    """Return the body of a request to ``path`` of the API as it is passed on.

    Raises:
        BadInputError: It holds a value that could not be returned or computed, or a template.
    """
    looks = _DEPLOYMENT_CHECKS if path.startswith("/deployments") else _CHECKS
    refusals = [refuse for marks, refuse in looks if _has(body, marks)]
    if not (refusals or is_suspect(body)):
        return body
    try:
        document = parsed(body)
    except ValueError:
        return body  # no JSON: the server says so
    if is_report(path):
        document = mended(document)
        body = json.dumps(document).encode()
    else:
        refuse_unstorable(document)
    for refuse_some in refusals:
        refuse_some(document)
    return body


def _has(body: bytes, marks: Iterable[bytes]) -> bool:
    return _ESCAPED in body or any(mark in body for mark in marks)


def is_report(path: str) -> bool:
    """Tell whether a request to ``path`` reports what has happened, and asks for nothing."""
    is_read = path.endswith(("/filter", "/count"))
    return path.endswith("/set_state") or (path.startswith(_REPORTS) and not is_read)


def _most(path: str) -> int:
    made_of = path.startswith(_RUN_CREATING_PATHS) and not is_report(path)
    return MAX_REQUEST_BYTES if made_of else MAX_BYTES


async def _read(receive: Receive, most: int) -> bytes | None:
    """Return the whole body; None if the client has gone.

    Raises:
        TooLargeError: It has more than ``most`` bytes; the rest was not read.
    """
    pieces: list[bytes] = []
    size, more = 0, True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        pieces.append(message.get("body", b""))
        size, more = size + len(pieces[-1]), message.get("more_body", False)
        if size > most:
            raise TooLargeError(most)
    return b"".join(pieces)


def _replayed(body: bytes, receive: Receive) -> Receive:
    """Return a receiver of ``body``, and then of all further messages."""
    messages: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def give() -> Message:
        """Return the body once, then what follows."""
        return messages.pop() if messages else await receive()

    return give


def _mended_messages(receive: Receive) -> Receive:
    async def give() -> Message:
        """Return the next message, repaired so that it can be stored."""
        message = await receive()
        text = message.get("text")
        if not isinstance(text, str):
            return message
        body = text.encode(errors="surrogatepass")
        if not (is_suspect(body) or _has(body, calendar_range.MARKS)):
            return message
        try:
            document = mended(parsed(text))
            calendar_range.refuse_edges(document)
        except BadInputError:
            return {**message, "text": "null"}
        except ValueError:
            return message
        return {**message, "text": json.dumps(document)}

    return give
