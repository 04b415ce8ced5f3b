"""Tests of the way of a read through the server's loop, where its connection began otherwise."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, MutableMapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
from starlette.responses import PlainTextResponse

from stack.server import reads
from stack.server.asgi import Receive, Send
from stack.server.reads import ReadsForwarder

ANSWER = b"HTTP/1.1 404 Not Found\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}"


async def prefect(scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
    """Answer what is not a read."""
    await PlainTextResponse("prefect")(scope, receive, send)


@asynccontextmanager
async def answering(path: Path, answer: bytes | None) -> AsyncIterator[list[bytes]]:
    """Answer everything on a Unix socket by ``answer``, or never; give what was asked."""
    asked: list[bytes] = []
    ended = asyncio.Event()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Take a request."""
        asked.append(await reader.readuntil(b"\r\n\r\n"))
        if answer is None:
            await ended.wait()
        else:
            writer.write(answer)
        writer.close()

    server = await asyncio.start_unix_server(handle, str(path))
    yield asked
    ended.set()
    server.close()


async def ask(channel: Path, path: str) -> httpx.Response:
    """Ask the forwarder for ``path`` with a password."""
    transport = httpx.ASGITransport(app=ReadsForwarder(prefect, channel), root_path="/api")
    headers = {"authorization": "Basic secret"}
    async with httpx.AsyncClient(transport=transport, base_url="http://server") as client:
        return await client.get(path, headers=headers)


async def test_a_read_is_forwarded_without_its_password(tmp_path: Path) -> None:
    """Reads would end at Prefect's 404, lose their parameters, or hand the password on."""
    channel = tmp_path / "reads.sock"
    async with answering(channel, ANSWER) as asked:
        answer = await ask(channel, "/api/slipway/logs?project=shop&step=a%2Fb")
    assert (answer.status_code, answer.json()) == (404, {})
    assert asked[0].startswith(b"GET /api/slipway/logs?project=shop&step=a%2Fb HTTP/1.1\r\n")
    assert b"secret" not in asked[0]
    assert (await ask(channel, "/api/flows")).text == "prefect"
    assert (await ask(channel, "/api/slipwayward")).text == "prefect"


async def test_a_process_that_is_away_is_said_to_be(tmp_path: Path) -> None:
    """Nobody would know what to do about an error 500."""
    channel = tmp_path / "reads.sock"
    away = await ask(channel, "/api/slipway/queue")
    assert (away.status_code, "`make up` starts it" in away.json()["detail"]) == (503, True)
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(channel))  # it has left its socket
    assert (await ask(channel, "/api/slipway/queue")).status_code == 503


async def test_a_process_that_hangs_or_says_nonsense_is_given_up(
    tmp_path: Path, monkeypatch: Any
) -> None:
    """A request would wait for ever."""
    monkeypatch.setattr(reads, "_SECONDS", 0.1)
    async with answering(tmp_path / "hanging", None):
        assert (await ask(tmp_path / "hanging", "/api/slipway/queue")).status_code == 503
    async with answering(tmp_path / "torn", b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{"):
        assert (await ask(tmp_path / "torn", "/api/slipway/queue")).status_code == 502
