"""ASGI middleware that has the resident process answer reads, below `/api/slipway`.

It stands behind the server's own checks of password and host name.
"""

from __future__ import annotations

import asyncio
from collections.abc import MutableMapping
from pathlib import Path
from typing import Any

import h11

from stack.server.asgi import App, Message, Receive, Send, refuse
from tasks.errors import BadInputError

_PREFIX = "/slipway"
_BAD_GATEWAY = 502
_UNAVAILABLE = 503
_SECONDS = 30.0
"""How long an answer may take; the process itself gives a read up before."""
_PIECE_BYTES = 65_536
_OF_THE_CONNECTION = frozenset(
    {b"connection", b"keep-alive", b"transfer-encoding", b"date", b"server"}
)


class ReadsForwarder:
    """Forwards reads to the socket at ``channel``; everything else goes to ``app``."""

    def __init__(self, app: App, channel: Path) -> None:
        self._app, self._channel = app, channel

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http" or not _is_read(scope):
            await self._app(scope, receive, send)
            return
        try:
            async with asyncio.timeout(_SECONDS):
                start, body = await _answer(self._channel, scope)
        except TimeoutError:
            await refuse(send, _UNAVAILABLE, _away(f"did not answer within {_SECONDS:g} s"))
        except OSError as error:
            await refuse(send, _UNAVAILABLE, _away(f"is away ({error.strerror or error})"))
        except h11.ProtocolError as error:
            await refuse(send, _BAD_GATEWAY, _away(f"gave no valid answer ({error})"))
        else:
            await send(start)
            await send({"type": "http.response.body", "body": body})


def _is_read(scope: MutableMapping[str, Any]) -> bool:
    path: str = scope["path"].removeprefix(scope.get("root_path", ""))
    return path == _PREFIX or path.startswith(f"{_PREFIX}/")


async def _answer(channel: Path, scope: MutableMapping[str, Any]) -> tuple[Message, bytes]:
    """Send the request, without its headers, which hold the password; return the answer."""
    query = scope["query_string"]
    target = scope["raw_path"] + (b"?" + query if query else b"")
    headers = [(b"host", b"slipway"), (b"connection", b"close")]
    connection = h11.Connection(h11.CLIENT)
    request = h11.Request(method=scope["method"], target=target, headers=headers)
    head = connection.send(request) or b""
    reader, writer = await asyncio.open_unix_connection(str(channel))
    try:
        writer.write(head + (connection.send(h11.EndOfMessage()) or b""))
        return await _received(connection, reader)
    finally:
        writer.close()


async def _received(
    connection: h11.Connection, reader: asyncio.StreamReader
) -> tuple[Message, bytes]:
    start: Message = {}
    pieces: list[bytes] = []
    while True:
        event = connection.next_event()
        if event is h11.NEED_DATA:
            connection.receive_data(await reader.read(_PIECE_BYTES))
        elif isinstance(event, h11.Response):
            kept = [each for each in event.headers if each[0] not in _OF_THE_CONNECTION]
            start = {"type": "http.response.start", "status": event.status_code, "headers": kept}
        elif isinstance(event, h11.Data):
            pieces.append(bytes(event.data))
        elif isinstance(event, h11.EndOfMessage):
            return start, b"".join(pieces)


def _away(problem: str) -> BadInputError:
    remedy = "It comes back within seconds; `make status` says what runs, `make up` starts it."
    return BadInputError(
        "reads", "/api/slipway", f"the process that answers reads {problem}", remedy
    )
