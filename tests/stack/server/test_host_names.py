"""Tests of host names: a server without a password answers only to names of this machine."""

from __future__ import annotations

import asyncio
from collections.abc import MutableMapping
from typing import Any

import httpx
import pytest
from starlette.responses import PlainTextResponse

from stack.server.asgi import Message, Receive, Send
from stack.server.host_names import OwnNames, is_own_name, refuse_open
from tasks.errors import BadInputError
from tasks.settings import Settings


@pytest.mark.parametrize(
    "host",
    ["localhost:4200", "127.0.0.1", "127.0.0.1:1", "[::1]:4200", "LOCALHOST.", "x.localhost:80"],
)
def test_names_of_this_machine_are_its_own(host: str) -> None:
    """Broken: the UI of a stack without a password does not open."""
    assert is_own_name(host)


@pytest.mark.parametrize(
    "host",
    [
        "evil.example:4200",
        "127.0.0.1.evil.example",
        "localhost.evil.example",
        "",
        "[::1].evil",
        "x",
    ],
)
def test_names_of_others_are_not(host: str) -> None:
    """Broken: a page that somebody looks at runs commands as him."""
    assert not is_own_name(host)


def asked(host: str, method: str = "GET", **headers: str) -> httpx.Response:
    """Ask an application behind the guard by ``host``."""

    async def inside(scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        """Answer whoever comes in."""
        await PlainTextResponse("inside")(scope, receive, send)

    async def ask() -> httpx.Response:
        """Ask once."""
        transport = httpx.ASGITransport(app=OwnNames(inside))
        async with httpx.AsyncClient(transport=transport, base_url="http://guard") as client:
            named = {name.replace("_", "-"): value for name, value in headers.items()}
            return await client.request(method, "/", headers={"host": host, **named})

    return asyncio.run(ask())


def test_only_who_names_this_machine_is_answered() -> None:
    """Broken: DNS rebinding reaches the API."""
    assert asked("127.0.0.1:4200").text == "inside"
    refused = asked("evil.example:4200")
    assert refused.status_code == 421
    assert (
        "Host: is not a name of this machine (got 'evil.example:4200')" in refused.json()["detail"]
    )


HERE = "127.0.0.1:4200"


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"origin": f"http://{HERE}"},
        {"origin": f"http://{HERE}", "sec_fetch_site": "same-origin"},
        {"sec_fetch_site": "none"},
    ],
)
def test_programs_and_its_own_pages_change_what_they_like(headers: dict[str, str]) -> None:
    """Broken: the UI, or a script, can start nothing."""
    assert asked(HERE, "POST", **headers).text == "inside"


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "http://evil.example"},
        {"origin": "null"},
        {"origin": "http://127.0.0.1:8300"},
        {"sec_fetch_site": "cross-site"},
        {"origin": f"http://{HERE}", "sec_fetch_site": "same-site"},
    ],
)
def test_pages_of_others_change_nothing(headers: dict[str, str]) -> None:
    """Broken: a page that somebody looks at starts runs as him, though it sees no answer."""
    refused = asked(HERE, "POST", **headers)
    assert refused.status_code == 403
    assert "Origin: is not a page of this server" in refused.json()["detail"]
    assert asked(HERE, "GET", **headers).text == "inside"  # a link to the UI


@pytest.mark.parametrize(
    "headers",
    [[(b"host", b"evil.example")], [(b"host", b"127.0.0.1"), (b"origin", b"http://evil.example")]],
)
def test_a_socket_of_others_is_closed(headers: list[tuple[bytes, bytes]]) -> None:
    """Broken: events can be read, and sent, by rebinding or from any page."""
    sent: list[Message] = []

    async def inside(*_: object) -> None:
        """Be asked by nobody."""
        raise AssertionError

    async def receive() -> Message:
        """Give what a socket begins with."""
        return {"type": "websocket.connect"}

    async def send(message: Message) -> None:
        """Keep what is answered."""
        sent.append(message)

    scope = {"type": "websocket", "headers": headers}
    asyncio.run(OwnNames(inside)(scope, receive, send))
    assert [message["type"] for message in sent] == ["websocket.close"]


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.7", "::", "build.example"])  # noqa: S104
def test_no_password_is_refused_where_other_machines_reach_it(host: str) -> None:
    """Broken: whoever is in the same network runs commands as this user."""
    with pytest.raises(BadInputError, match="SLIPWAY_AUTH: is false, and"):
        refuse_open(Settings(auth=False, host=host))
    refuse_open(Settings(auth=True, host=host))
    for own in ("127.0.0.1", "127.1.2.3", "::1", "localhost"):
        refuse_open(Settings(auth=False, host=own))
