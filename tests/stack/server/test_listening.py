"""Tests of a server that listens at a front."""

from __future__ import annotations

import asyncio
import gc
import sys
from collections.abc import Iterator, MutableMapping
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from starlette.responses import PlainTextResponse

from benchmarks.free_ports import free_ports
from stack.handover import Taker, handover_path
from stack.server.asgi import Receive, Send
from stack.server.listening import listen_at_a_front
from stack.temporary import make_temporary_folder
from tests.stack.server.test_front import READ, said


@pytest.fixture(autouse=True)
def _patched(tmp_path: Path) -> Iterator[None]:
    """Have servers listen at a front, for this test alone."""
    startup, interval = uvicorn.Server.startup, sys.getswitchinterval()
    make_temporary_folder(tmp_path)
    listen_at_a_front(tmp_path)
    yield
    uvicorn.Server.startup = startup  # type: ignore[method-assign]
    sys.setswitchinterval(interval)
    gc.unfreeze()


async def served(scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
    """Answer everything with its path."""
    await PlainTextResponse(scope["path"])(scope, receive, send)


class Answering(asyncio.Protocol):
    """Answers whoever was handed over."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the connection."""
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer once."""
        assert isinstance(self.transport, asyncio.Transport)
        self.transport.write(data[:3] + b" was handed over")
        self.transport.close()


async def test_the_server_answers_on_its_port_and_gives_reads_away(tmp_path: Path) -> None:
    """A release of uvicorn that starts otherwise would leave Prefect's port dead, or reads slow."""
    port = free_ports(1)
    config = uvicorn.Config(served, port=port, lifespan="off", log_config=None)
    server = uvicorn.Server(config)
    serving = asyncio.ensure_future(server.serve())
    while not server.started:  # noqa: ASYNC110 - uvicorn tells nobody
        await asyncio.sleep(0.01)
    assert gc.get_freeze_count() > 0
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client:
        for _ in range(2):
            assert (await client.get("/api/flows")).text == "/api/flows"
        # Nobody takes it: the loop answers.
        assert (await client.get("/api/slipway/queue")).text == "/api/slipway/queue"

    Taker(handover_path(tmp_path), Answering).start()
    assert await said(port, READ) == b"GET was handed over"
    server.should_exit = True
    await serving
