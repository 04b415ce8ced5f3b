"""Tests of the front: reads are given away, and everything else reaches the loop untouched."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from stack.server.front import Accepted, Front, listeners

READ = b"GET /api/slipway/queue HTTP/1.1\r\n\r\n"


@asynccontextmanager
async def fronted(
    *, gives: bool, **bounds: Any
) -> AsyncIterator[tuple[int, list[bytes], list[bytes]]]:
    """Give the port of a front, what the loop was asked, and what was given away."""
    asked: list[bytes] = []
    given: list[bytes] = []

    def give(connection: socket.socket) -> bool:
        """Answer by itself, as another process would."""
        if not gives:
            return False
        given.append(connection.recv(100))
        connection.sendall(b"a read")
        return True

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer what the loop has accepted."""
        asked.append(await reader.read(100))
        writer.write(b"the loop")
        writer.close()

    accepted = Accepted()
    listening = listeners("127.0.0.1", 0)
    Front(listening, accepted, give, **bounds).start()
    server = await asyncio.start_server(answer, sock=accepted)
    yield listening[0].getsockname()[1], asked, given
    server.close()
    while listening[0].fileno() >= 0:  # noqa: ASYNC110 - the front looks once a second
        await asyncio.sleep(0.02)


async def said(port: int, request: bytes) -> bytes:
    """Return what is answered to ``request``."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request)
    answer = await reader.read()
    writer.close()
    return answer


async def test_only_reads_are_given_away() -> None:
    """Prefect's API would not be reached, or every read wait for the loop."""
    others = [
        b"GET /api/flows HTTP/1.1\r\n\r\n",
        b"POST /api/slipway/queue HTTP/1.1\r\n\r\n",
        b"GET /api/slipwayward HTTP/1.1\r\n\r\n",
        b"G",
    ]
    async with fronted(gives=True) as (port, asked, given):
        assert await said(port, READ) == b"a read"
        assert given == [READ]
        for other in others:
            assert await said(port, other) == b"the loop"
        assert asked == others


async def test_a_read_that_nobody_takes_reaches_the_loop() -> None:
    """While the process that answers reads is away, nobody would be told so."""
    async with fronted(gives=False) as (port, asked, _):
        assert await said(port, READ) == b"the loop"
        assert asked == [READ]


async def test_many_connections_at_once_are_all_answered() -> None:
    """One of two that come together would never be woken for."""
    async with fronted(gives=True) as (port, _, _):
        requests = [READ, b"GET / HTTP/1.1\r\n\r\n"] * 40
        answers = await asyncio.gather(*(said(port, request) for request in requests))
        assert answers == [b"a read", b"the loop"] * 40


async def test_who_says_nothing_keeps_nobody_waiting() -> None:
    """A connection that stays silent would block those after it."""
    async with fronted(gives=True) as (port, _, _):
        silent = socket.create_connection(("127.0.0.1", port))
        assert await said(port, READ) == b"a read"
        silent.close()


async def test_who_stays_silent_is_closed() -> None:
    """A thousand connections that send nothing would be held until their clients end."""
    async with fronted(gives=True, silent_seconds=0.05) as (port, asked, _):
        assert await said(port, b"") == b""
        assert asked == []


async def test_of_too_many_silent_ones_the_first_is_closed() -> None:
    """Who connects often enough would use up the descriptors of the server."""
    async with fronted(gives=True, silent_seconds=1000, most_silent=1) as (port, _, _):
        first, first_writer = await asyncio.open_connection("127.0.0.1", port)
        _, second_writer = await asyncio.open_connection("127.0.0.1", port)
        assert await first.read() == b""
        second_writer.write(READ)
        assert await said(port, READ) == b"a read"
        first_writer.close()
        second_writer.close()


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_every_address_of_a_host_is_listened_on(host: str) -> None:
    """A client that tries IPv6 first would find nobody."""
    listening = listeners(host, 0)
    assert {each.getsockname()[0] for each in listening} >= {"127.0.0.1"}
    for each in listening:
        each.close()
