"""Tests of a connection to the process that answers reads: silence and crowds end it."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from uvicorn import Config
from uvicorn.server import ServerState

from stack.reads.connection import Connection
from stack.server.asgi import Receive, Send

Connect = Callable[..., Any]
REQUEST = b"GET / HTTP/1.1\r\nhost: reads\r\nconnection: close\r\n\r\n"


@pytest.fixture
def answering() -> asyncio.Event:
    """Give what the application waits for before it answers."""
    return asyncio.Event()


@pytest.fixture
def connect(answering: asyncio.Event) -> Connect:
    """Give what opens a connection, and returns its reader and its writer."""

    async def app(scope: Any, receive: Receive, send: Send) -> None:
        """Answer when it is time."""
        del scope, receive
        await answering.wait()
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    config, state = Config(app, log_config=None), ServerState()

    async def connected(**bounds: Any) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        outside, inside = socket.socketpair()
        protocol = partial(Connection, config, state, {}, **bounds)
        await asyncio.get_running_loop().connect_accepted_socket(protocol, inside)
        return await asyncio.open_connection(sock=outside)

    return connected


async def test_only_who_has_asked_may_wait(connect: Connect, answering: asyncio.Event) -> None:
    """Silent connections would never end, or long reads be cut off."""
    asking, writer = await connect(silent_seconds=0.05)
    writer.write(REQUEST)
    began, began_writer = await connect(silent_seconds=0.05)
    began_writer.write(REQUEST[:20])
    silent, silent_writer = await connect(silent_seconds=0.05)
    assert (await began.read(), await silent.read()) == (b"", b"")
    answering.set()
    assert (await asking.read()).startswith(b"HTTP/1.1 204")
    for each in (writer, began_writer, silent_writer):
        each.close()


async def test_one_of_too_many_is_closed(connect: Connect, answering: asyncio.Event) -> None:
    """A crowd would take the descriptors and the memory of the process."""
    answering.set()
    first, writer = await connect(most=1)
    second, second_writer = await connect(most=1)
    assert await second.read() == b""
    writer.write(REQUEST)
    assert (await first.read()).startswith(b"HTTP/1.1 204")
    for each in (writer, second_writer):
        each.close()
