"""Tests of the security headers of the UI's pages, and of its API address."""

from __future__ import annotations

import json
from typing import Any

import pytest

from stack.server.ui_pages import OwnPages

SETTINGS = {"api_url": "http://127.0.0.1:4200/api", "auth": "BASIC"}


async def ask(path: str, **headers: str) -> tuple[dict[str, str], bytes]:
    """Return headers and body of the answer to one request."""
    sent: list[Any] = []

    async def app(scope: Any, _receive: Any, send: Any) -> None:
        """Answer as the server, in two pieces."""
        body = json.dumps(SETTINGS).encode() if path.endswith("settings") else b"a page"
        encodings = [text for name, text in scope["headers"] if name == b"accept-encoding"]
        assert not (path.endswith("settings") and encodings)
        length = (b"content-length", str(len(body)).encode())
        await send({"type": "http.response.start", "status": 200, "headers": [length]})
        await send({"type": "http.response.body", "body": body[:3], "more_body": True})
        await send({"type": "http.response.body", "body": body[3:]})

    async def send(message: Any) -> None:
        """Keep what is sent."""
        sent.append(message)

    pairs = [(name.replace("_", "-").encode(), text.encode()) for name, text in headers.items()]
    scope: dict[str, Any] = {
        "type": "http",
        "scheme": "http",
        "method": "GET",
        "path": path,
        "headers": pairs,
        "server": ("127.0.0.1", 4200),
    }
    await OwnPages(app)(scope, app, send)  # type: ignore[arg-type]
    answered = {name.decode(): text.decode() for name, text in sent[0]["headers"]}
    return answered, b"".join(message["body"] for message in sent[1:])


async def test_no_other_page_shows_one_of_ours() -> None:
    """Broken: who clicks on somebody's page has started an operation."""
    headers, body = await ask("/v2/runs", host="127.0.0.1:4200")
    assert body == b"a page"
    assert headers["x-frame-options"] == "DENY"
    policy = headers["content-security-policy"]
    assert policy.startswith("frame-ancestors 'none'; connect-src 'self' ")
    assert "ws://127.0.0.1:4200" in policy
    assert "https:" not in policy


@pytest.mark.parametrize(
    ("headers", "address"),
    [
        ({"host": "localhost:4200"}, "http://localhost:4200"),
        ({"host": "[::1]:4200"}, "http://[::1]:4200"),
        ({"host": "ui.example.org", "x_forwarded_proto": "https"}, "https://ui.example.org"),
        (
            {"host": "127.0.0.1:4200", "x_forwarded_host": "ui.example.org"},
            "http://ui.example.org",
        ),
        (
            {"host": "a:1", "x_forwarded_host": "b, c:2", "x_forwarded_proto": "https, http"},
            "https://b",
        ),
        ({"host": "a:1", "x_forwarded_host": "b;script-src *"}, "http://a:1"),
        ({"host": "a:1", "x_forwarded_host": "*"}, "http://a:1"),
        ({"host": "a:1", "x_forwarded_host": "b" * 60_000}, "http://a:1"),
        ({"host": "a b", "x_forwarded_host": "c d"}, "http://127.0.0.1:4200"),
        ({"host": "a:1", "x_forwarded_proto": "ftp", "accept_encoding": "gzip"}, "http://a:1"),
    ],
)
async def test_the_ui_speaks_to_the_address_at_which_it_is_seen(
    headers: dict[str, str], address: str
) -> None:
    """Broken: it says that it cannot reach its server, or that the right password is wrong."""
    answer_headers, body = await ask("/v2/ui-settings", **headers)
    assert json.loads(body) == {**SETTINGS, "api_url": f"{address}/api"}
    assert answer_headers["content-length"] == str(len(body))
    # What one is told must not be kept for another, who sees it at another address.
    assert answer_headers["cache-control"] == "no-store"
    assert "x-forwarded-host" in answer_headers["vary"]
