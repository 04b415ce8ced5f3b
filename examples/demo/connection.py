"""A keep-alive HTTP/1.1 connection that never repeats a request.

HTTP libraries retry on a connection that was closed under them, which would hide exactly the
requests that a deploy drops. This one does not.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

from examples.demo.subject import Request


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer; ``closes`` tells that the server announced the end of the connection."""

    status: int
    body: bytes
    closes: bool


class Connection:
    """A connection to ``host:port``; opened by the first request, and again after an end."""

    def __init__(self, host: str, port: int) -> None:
        self._host, self._port = host, port
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def send(self, request: Request, timeout_seconds: float = 30) -> Answer:
        """Send ``request`` once and return the answer.

        Raises:
            OSError: The connection was refused, reset or closed.
            TimeoutError: No answer in time.
            ValueError: The answer is not HTTP.
        """
        try:
            async with asyncio.timeout(timeout_seconds):
                answer = await self._exchange(request)
        except BaseException:
            await self.close()
            raise
        if answer.closes:
            await self.close()
        return answer

    async def close(self) -> None:
        """Close the connection, if it is open."""
        if self._streams:
            self._streams[1].close()
            self._streams = None

    async def _exchange(self, request: Request) -> Answer:
        if not self._streams:
            self._streams = await asyncio.open_connection(self._host, self._port)
        reader, writer = self._streams
        writer.write(_head(request, f"{self._host}:{self._port}") + request.body)
        await writer.drain()
        return await _read(reader)


def _head(request: Request, host: str) -> bytes:
    lines = [f"{request.method} {request.path} HTTP/1.1", f"Host: {host}"]
    if request.body:
        lines += ["Content-Type: application/json", f"Content-Length: {len(request.body)}"]
    return "\r\n".join([*lines, "", ""]).encode()


async def _read(reader: asyncio.StreamReader) -> Answer:
    first = await reader.readline()
    if not first:
        raise ConnectionResetError("closed without an answer")
    protocol, _, rest = first.decode("latin-1").partition(" ")
    if not protocol.startswith("HTTP/1."):
        raise ValueError(f"no HTTP answer: {first[:40]!r}")
    headers = await _headers(reader)
    body = await _body(reader, headers)
    closes = headers.get("connection", "").lower() == "close" or protocol == "HTTP/1.0"
    return Answer(int(rest[:3]), body, closes)


async def _line(reader: asyncio.StreamReader) -> str:
    line = await reader.readline()
    if not line.endswith(b"\n"):
        raise ConnectionResetError("closed in the middle of an answer")
    return line.decode("latin-1").strip()


async def _headers(reader: asyncio.StreamReader) -> Mapping[str, str]:
    headers: dict[str, str] = {}
    while line := await _line(reader):
        name, _, value = line.partition(":")
        headers[name.strip().lower()] = value.strip()
    return headers


async def _body(reader: asyncio.StreamReader, headers: Mapping[str, str]) -> bytes:
    try:
        if headers.get("transfer-encoding", "").lower() == "chunked":
            return await _chunks(reader)
        return await reader.readexactly(int(headers.get("content-length", "0")))
    except asyncio.IncompleteReadError as error:
        raise ConnectionResetError("closed in the middle of an answer") from error


async def _chunks(reader: asyncio.StreamReader) -> bytes:
    parts = []
    while size := int((await _line(reader)).partition(";")[0], 16):
        parts.append(await reader.readexactly(size))
        await _line(reader)
    await _headers(reader)
    return b"".join(parts)
