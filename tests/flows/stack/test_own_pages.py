"""Whose pages the server shows, where, and in which frames."""

from __future__ import annotations

from typing import Any

import pytest

from flows.stack.own_pages import OwnPages

URL = "http://127.0.0.1:4200"


async def ask(
    host: str, path: str = "/v2/runs", *, accept: str = "text/html,*/*", method: str = "GET"
) -> dict[str, Any]:
    """Return how the answer to one request begins; the server itself answers 200."""
    sent: list[Any] = []

    async def app(_scope: Any, _receive: Any, send: Any) -> None:
        """Answer as the server."""
        await send({"type": "http.response.start", "status": 200, "headers": [(b"a", b"b")]})
        await send({"type": "http.response.body", "body": b"page"})

    async def send(message: Any) -> None:
        """Keep what is sent."""
        sent.append(message)

    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "query_string": b"tab=Logs",
        "headers": [(b"host", host.encode()), (b"accept", accept.encode())],
    }
    await OwnPages(app, URL)(scope, app, send)  # type: ignore[arg-type]
    headers = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    return {"status": sent[0]["status"], **headers}


async def test_no_other_page_shows_one_of_ours() -> None:
    """Broken: who clicks on somebody's page has started an operation."""
    answer = await ask("127.0.0.1:4200")
    assert (answer["status"], answer["x-frame-options"], answer["a"]) == (200, "DENY", "b")
    policy = answer["content-security-policy"]
    assert "frame-ancestors 'none'" in policy
    assert "ws://127.0.0.1:4200" in policy
    assert f"connect-src 'self' data: blob: {URL}" in policy


@pytest.mark.parametrize("host", ["localhost:4200", "[::1]:4200", "ui.localhost:4200"])
async def test_a_page_asked_for_by_another_name_is_shown_where_it_works(host: str) -> None:
    """Broken: the UI says that it cannot reach its server."""
    answer = await ask(host)
    assert (answer["status"], answer["location"]) == (307, f"{URL}/v2/runs?tab=Logs")


@pytest.mark.parametrize(
    "asked",
    [
        {"host": "localhost:4200", "accept": "application/json"},
        {"host": "localhost:4200", "method": "POST"},
        {"host": "ui.example.org"},
    ],
)
async def test_programs_and_names_of_a_proxy_are_answered(asked: dict[str, str]) -> None:
    """Broken: a program that asks `localhost` is sent away, or who comes through a proxy."""
    assert (await ask(**asked))["status"] == 200
