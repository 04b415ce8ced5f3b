"""Adds security headers to the pages of the server's UI, and points the UI to its own address.

A page that embeds another one in a frame can trick its visitor into clicks there (clickjacking).
Prefect's UI uses one fixed address of the API, which the browser blocks for pages of any other
address. It also contacts a service of its maker on the internet, which no setting prevents.
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
    """ASGI middleware whose UI talks only to the address at which it is opened."""

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
            """Add the headers that restrict framing and connections."""
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
    """Passes the settings of the UI on, with the address of the API as the browser sees it."""

    def __init__(self, api_url: str, send: Send) -> None:
        self._api_url, self._send = api_url, send
        self._start: Message = {}
        self._body = b""

    async def send(self, message: Message) -> None:
        """Take one message; all are sent with the last one."""
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
    """Return scheme and host as the browser sees them, with or without a proxy between."""
    scheme = _first(scope, b"x-forwarded-proto")
    forwarded = _first(scope, b"x-forwarded-host")
    host = forwarded if _HOST.fullmatch(forwarded) else header(scope, b"host")
    if not _HOST.fullmatch(host):  # it must not become a part of the policy
        host = ":".join(str(part) for part in scope.get("server") or ("127.0.0.1",))
    return scheme if scheme in _SCHEMES else scope.get("scheme", "http"), host


def _first(scope: MutableMapping[str, Any], name: bytes) -> str:
    """Return the first value of a forwarding header, which the outermost proxy has set."""
    return header(scope, name).partition(",")[0].strip()
