"""What stands before Prefect's server as an ASGI application has in common: its types, its refusal."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from tasks.errors import BadInputError

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[MutableMapping[str, Any], Receive, Send], Awaitable[None]]


def header(scope: MutableMapping[str, Any], wanted: bytes) -> str:
    """Return a header of a request; one that is there twice is nobody's."""
    given = [value.decode("latin-1") for name, value in scope["headers"] if name == wanted]
    return given[0] if len(given) == 1 else ", ".join(given)


async def refuse(
    send: Send, status: int, error: BadInputError, *headers: tuple[bytes, bytes]
) -> None:
    """Answer a request as Prefect's API answers what it refuses: with a `detail`."""
    body = json.dumps({"detail": str(error)}).encode()
    length = (b"content-length", str(len(body)).encode())
    described = [(b"content-type", b"application/json"), length, *headers]
    await send({"type": "http.response.start", "status": status, "headers": described})
    await send({"type": "http.response.body", "body": body})
