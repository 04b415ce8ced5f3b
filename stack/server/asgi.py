"""Types and helpers that the ASGI middlewares of Prefect's server share: headers and refusals."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from tasks.errors import BadInputError

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[MutableMapping[str, Any], Receive, Send], Awaitable[None]]


def header(scope: MutableMapping[str, Any], header_name: bytes) -> str:
    """Return a header of a request; values of a repeated one are joined, and match nothing."""
    values = [value.decode("latin-1") for name, value in scope["headers"] if name == header_name]
    return values[0] if len(values) == 1 else ", ".join(values)


async def refuse(
    send: Send, status: int, error: BadInputError, *headers: tuple[bytes, bytes]
) -> None:
    """Refuse a request as Prefect's API does: with a JSON body that has a `detail`, and its parts."""
    body = json.dumps({"detail": str(error), **error.parts}).encode()
    length = (b"content-length", str(len(body)).encode())
    described = [(b"content-type", b"application/json"), length, *headers]
    await send({"type": "http.response.start", "status": status, "headers": described})
    await send({"type": "http.response.body", "body": body})
