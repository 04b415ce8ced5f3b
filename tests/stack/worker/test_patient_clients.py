"""Tests of clients whose first request meets no server."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress

import httpx
import pytest
from prefect.client import base
from prefect.client.base import PrefectHttpxAsyncClient, PrefectHttpxSyncClient

from stack.worker import main
from stack.worker.patient_clients import wait_for_server

pytestmark = pytest.mark.prefect

URL = "http://127.0.0.1:1/api/health"


class Away:
    """Refuses the first connection, as a server does that is started again."""

    def __init__(self) -> None:
        self.attempts = 0

    def __call__(self, _: httpx.Request) -> httpx.Response:
        """Answer one attempt."""
        self.attempts += 1
        if self.attempts == 1:
            raise httpx.ConnectError("refused")
        return httpx.Response(200)


def get() -> int:
    """Ask such a server by a client; return how many attempts that took."""
    away = Away()
    with PrefectHttpxSyncClient(transport=httpx.MockTransport(away)) as client:
        client.get(URL)
    return away.attempts


def get_asynchronously() -> int:
    """Do so by a client of asynchronous code."""
    away = Away()

    async def get() -> None:
        """Ask once."""
        async with PrefectHttpxAsyncClient(transport=httpx.MockTransport(away)) as client:
            await client.get(URL)

    asyncio.run(get())
    return away.attempts


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have no attempt wait, and other tests find Prefect as it was."""
    monkeypatch.setattr(base, "clamped_poisson_interval", lambda *_: 0.0)
    for kind in (PrefectHttpxAsyncClient, PrefectHttpxSyncClient):
        monkeypatch.setattr(kind, "_has_connected", False, raising=False)


@pytest.mark.parametrize("ask", [get, get_asynchronously])
def test_a_client_asks_again(ask: Callable[[], int]) -> None:
    """Broken: a flow ends with an error because the server was started again just then."""
    with pytest.raises(httpx.ConnectError):
        ask()
    wait_for_server()
    assert ask() == 2


def test_the_clients_of_a_worker_do_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """Broken: a run is Crashed where the server goes away while its worker starts its process."""
    attempts = []

    async def serve(*_: object) -> None:
        """Ask, in place of serving a pool."""
        away = Away()
        async with PrefectHttpxAsyncClient(transport=httpx.MockTransport(away)) as client:
            with suppress(httpx.ConnectError):
                await client.get(URL)
        attempts.append(away.attempts)

    monkeypatch.setattr(main, "work_pool_type", lambda *_: "slipway")
    monkeypatch.setattr(main, "serve", serve)
    monkeypatch.setattr(main, "FORKS", False)
    monkeypatch.setattr(main, "spare_what_is_imported", int)
    main.main()
    assert attempts == [2]
