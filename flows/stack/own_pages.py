"""The pages of the server's UI: shown by no other page, read at one address, silent to the world.

A page that shows another one in a frame can have whoever looks at it click there, unseen. The UI
speaks to one address of the API alone, which a browser allows only pages from that address; and
Prefect's asks a service of its maker's, on the internet, which no setting keeps it from.
"""

from __future__ import annotations

from collections.abc import MutableMapping
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

from flows.stack.asgi import App, Message, Receive, Send, header
from flows.stack.own_names import is_loopback, is_own_name


class OwnPages:
    """An ASGI application whose pages are of ``url``: who asks for one by another name is sent there."""

    def __init__(self, app: App, url: str) -> None:
        self._app, self._url, self._at = app, url, urlsplit(url)
        socket = url.replace("http", "ws", 1)
        policy = f"frame-ancestors 'none'; connect-src 'self' data: blob: {url} {socket}"
        self._headers = [
            (b"content-security-policy", policy.encode()),
            (b"x-frame-options", b"DENY"),
        ]

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if self._is_page_of_another_name(scope):
            query = scope["query_string"].decode("latin-1")
            place = f"{self._url}{scope['path']}{'?' if query else ''}{query}"
            headers = [(b"location", place.encode("latin-1", "replace"))]
            status = HTTPStatus.TEMPORARY_REDIRECT
            await send({"type": "http.response.start", "status": status, "headers": headers})
            await send({"type": "http.response.body", "body": b""})
            return

        async def send_with_policy(message: Message) -> None:
            """Say who may show what is sent."""
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", ()), *self._headers]
            await send(message)

        await self._app(scope, receive, send_with_policy)

    def _is_page_of_another_name(self, scope: MutableMapping[str, Any]) -> bool:
        """Tell whether a browser asks for a page by a name of this machine that is not the UI's."""
        host = header(scope, b"host")
        is_page = scope["method"] == "GET" and "text/html" in header(scope, b"accept")
        moved = is_own_name(host) and is_loopback(self._at.hostname or "")
        return is_page and moved and host.lower() != self._at.netloc
