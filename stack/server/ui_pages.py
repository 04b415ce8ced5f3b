"""The pages of the server's UI: shown by no other page, at home at every address, silent to the world.

A page that shows another one in a frame can have whoever looks at it click there, unseen. Prefect's
UI speaks to one address of the API alone, from which pages of any other are kept by the browser; and
it asks a service of its maker's, on the internet, which no setting keeps it from.
"""

from __future__ import annotations

import json
import re
from collections.abc import MutableMapping
from typing import Any

from stack.server.asgi import App, Message, Receive, Send, header

_SETTINGS = "/ui-settings"
_SCHEMES = {"http", "https"}
_HOST = re.compile(r"(?:[A-Za-z0-9._-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(?::\d{1,5})?")


class OwnPages:
    """An ASGI application whose UI speaks to the address at which it is seen, and to no other."""

    def __init__(self, app: App) -> None:
        self._app = app

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        scheme, host = _address(scope)
        policy = f"frame-ancestors 'none'; connect-src 'self' data: blob: ws://{host} wss://{host}"
        own = [
            (b"content-security-policy", policy.encode("latin-1")),
            (b"x-frame-options", b"DENY"),
            (b"vary", b"host, x-forwarded-host, x-forwarded-proto"),
        ]

        async def send_with_policy(message: Message) -> None:
            """Say who may show what is sent, and to whom it may speak."""
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", ()), *own]
            await send(message)

        if not scope["path"].endswith(_SETTINGS):
            await self._app(scope, receive, send_with_policy)
            return
        plain = [each for each in scope["headers"] if each[0] != b"accept-encoding"]
        settings = _Settings(f"{scheme}://{host}/api", send_with_policy)
        await self._app({**scope, "headers": plain}, receive, settings.send)


class _Settings:
    """Sends the settings of the UI on, with the address of the API as it is seen from there."""

    def __init__(self, api_url: str, send: Send) -> None:
        self._api_url, self._send = api_url, send
        self._start: Message = {}
        self._body = b""

    async def send(self, message: Message) -> None:
        """Take one message; all is sent on with the last."""
        if message["type"] == "http.response.start":
            self._start = message
            return
        self._body += message.get("body", b"")
        if message.get("more_body"):
            return
        try:
            body = json.dumps({**json.loads(self._body), "api_url": self._api_url}).encode()
        except (ValueError, TypeError):  # an error of the server's
            body = self._body
        others = [each for each in self._start["headers"] if each[0].lower() != b"content-length"]
        self._start["headers"] = [
            *others,
            (b"content-length", str(len(body)).encode()),
            (b"cache-control", b"no-store"),
        ]
        await self._send(self._start)
        await self._send({"type": "http.response.body", "body": body})


def _address(scope: MutableMapping[str, Any]) -> tuple[str, str]:
    """Return scheme and host as whoever looks sees them, a proxy between or not."""
    scheme = _first(scope, b"x-forwarded-proto")
    forwarded = _first(scope, b"x-forwarded-host")
    host = forwarded if _HOST.fullmatch(forwarded) else header(scope, b"host")
    if not _HOST.fullmatch(host):  # what is no host must not become a part of the policy
        host = ":".join(str(part) for part in scope.get("server") or ("127.0.0.1",))
    return scheme if scheme in _SCHEMES else scope.get("scheme", "http"), host


def _first(scope: MutableMapping[str, Any], name: bytes) -> str:
    """Return what the outermost of several proxies has said, each of which adds its own."""
    return header(scope, name).partition(",")[0].strip()
