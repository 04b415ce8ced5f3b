"""Answers reads until it is told to stop.

Who opens its socket is this user. A connection that the server's front has handed over may come
from anybody, and needs the password.
"""

from __future__ import annotations

import asyncio
import gc
import signal
import threading
import time
from collections.abc import Callable
from functools import partial

import stack.reads.lean  # noqa: F401 - before all that imports httpx

# isort: split
import uvicorn

from stack.api import SlipwayApi
from stack.auth import read_auth
from stack.channel import listen, socket_path
from stack.handover import Taker, handover_path
from stack.heartbeat import beat
from stack.ledger_opening import open_ledger_patiently
from stack.log import say
from stack.reads.application import application
from stack.reads.configured import Configured
from stack.reads.connection import Connection
from stack.reads.endpoint import Source
from stack.reads.password import PasswordRequired
from stack.server.asgi import App
from stack.server.host_names import OwnNames
from stack.server.ui_pages import OwnPages
from stack.temporary import make_temporary_folder
from tasks.home import Home
from tasks.settings import Settings, settings

ANSWER_SECONDS = 3.0
"""How long the server may take to give the configuration."""


def guarded(app: App, config: Settings) -> App:
    """Return ``app`` with the checks that Prefect's server makes: password, else host names."""
    pages: App = OwnPages(app)
    auth = read_auth(Home(config.root).auth_file) if config.auth else ""
    if config.auth:
        # Without the file nobody knows the password, and nobody is let in.
        return PasswordRequired(pages, auth or "nobody:")
    return OwnNames(pages)


def configured_server(app: App) -> uvicorn.Config:
    """Return the configuration of a server of ``app`` that closes each connection when it is done."""
    return uvicorn.Config(
        app,
        loop="asyncio",
        http=Connection,
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        headers=[("connection", "close")],
        timeout_graceful_shutdown=2,
    )


async def keep_beating(home: Home) -> None:
    """Leave a sign every second, as long as this loop does not hang."""
    while True:
        beat(home.reads_heartbeat_file)
        await asyncio.sleep(1.0)


async def serve(config: Settings, app: App) -> None:
    """Answer until SIGTERM or SIGINT."""
    server = uvicorn.Server(configured_server(app))
    outside = configured_server(guarded(app, config))
    protocol: Callable[[], asyncio.Protocol] = partial(
        Connection, config=outside, server_state=server.server_state, app_state={}
    )
    Taker(handover_path(config.root), protocol).start()
    beating = asyncio.ensure_future(keep_beating(Home(config.root)))
    try:
        await server.serve(sockets=[listen(socket_path(config.root))])
    finally:
        beating.cancel()


def main() -> None:
    """Serve."""
    config, stopping = settings(), threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):  # uvicorn raises them again at its end
        signal.signal(number, lambda *_: stopping.set())
    make_temporary_folder(config.root)
    ledger = open_ledger_patiently(config.resolved_ledger_url(), stopping)
    with SlipwayApi.of(config, patience_seconds=0, timeout_seconds=ANSWER_SECONDS) as api:
        source = Source(config, ledger, Configured(api, time.monotonic))
        app = application(source)
        gc.collect()
        gc.freeze()  # garbage is looked for among what answers leave
        asyncio.run(serve(config, app))
    say("stopped")


if __name__ == "__main__":
    main()
