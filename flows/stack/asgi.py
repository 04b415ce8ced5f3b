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


async def refuse(
    send: Send, status: int, error: BadInputError, *headers: tuple[bytes, bytes]
) -> None:
    """Answer a request as Prefect's API answers what it refuses: with a `detail`."""
    body = json.dumps({"detail": str(error)}).encode()
    length = (b"content-length", str(len(body)).encode())
    described = [(b"content-type", b"application/json"), length, *headers]
    await send({"type": "http.response.start", "status": status, "headers": described})
    await send({"type": "http.response.body", "body": body})
