"""The worker's process: it waits until the server answers and the pool exists, then serves it.

`prefect worker start` does the same after starting a second interpreter and several requests; here
Prefect is imported while the server is still starting.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from functools import partial
from pathlib import Path

from stack.api import SlipwayApi
from stack.garbage import spare_what_is_imported
from stack.heartbeat import beat
from stack.readiness import work_pool_type, worker_name
from stack.registration.fingerprint import sources
from stack.supervision import Supervision, keep_supervised
from stack.worker.fork_server import ForkServer, install
from stack.worker.patient_clients import wait_for_server
from stack.worker.preload import preload
from stack.worker.punctual_worker import worker_of
from stack.worker.settings_variables import keep_variables
from stack.worker.shared_tls import share_tls
from stack.worker.wake import Wake, listen
from tasks.home import Home
from tasks.settings import settings

BEAT_SECONDS = 1.0
SUPERVISION_SECONDS = 30.0
"""How often it checks that the supervisor lives; the reconciler checks more often."""

READY_SECONDS = 5.0
"""How often it looks whether what flow runs need has to be imported again."""

FORKS = sys.platform == "linux"
"""Elsewhere libraries of the system do not bear to be forked."""


async def keep_beating(home: Home) -> None:
    """Beat periodically, as the supervisor replaces a worker that does not."""
    while True:
        beat(home.worker_heartbeat_file)
        await asyncio.sleep(BEAT_SECONDS)


async def serve(pool: str, pool_type: str, forks: ForkServer | None = None) -> None:
    """Run the worker of ``pool`` until it is told to stop; its flow runs are ended with it.

    ``forks`` is what its flow runs are forked from.

    Raises:
        RuntimeError: It ended by itself.
    """
    worker = worker_of(pool_type)(
        work_pool_name=pool,
        name=worker_name(),
        create_pool_if_not_found=False,
    )
    worker.wake = Wake(settings().worker_query_seconds)
    task = asyncio.ensure_future(worker.start(printer=print))
    home = Home(settings().root)
    supervision = Supervision(home, Path.cwd(), os.environ, SUPERVISION_SECONDS)
    beside = [
        asyncio.ensure_future(listen(pool, worker.wake, worker.starts.began)),
        asyncio.ensure_future(keep_supervised(supervision, SUPERVISION_SECONDS)),
        asyncio.ensure_future(keep_beating(home)),
    ]
    if forks:
        beside.append(asyncio.ensure_future(forks.keep_ready(READY_SECONDS)))
    stop_requested = asyncio.Event()

    def stop() -> None:
        """End the worker on request."""
        stop_requested.set()
        task.cancel()

    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop)
    try:
        await task
    except asyncio.CancelledError:
        if not stop_requested.is_set():
            raise
    finally:
        for each in beside:
            each.cancel()
    if not stop_requested.is_set():
        raise RuntimeError("the worker ended by itself, without saying why")


def main() -> None:
    """Wait for the work pool, then serve it."""
    share_tls()
    keep_variables()
    wait_for_server()
    home = Home(settings().root)
    if FORKS:
        preload(home)  # while the server starts
    with SlipwayApi.of(patience_seconds=0) as api:
        while not (pool_type := work_pool_type(api, settings().work_pool)):
            beat(home.worker_heartbeat_file)
            time.sleep(0.2)
    server = None
    if FORKS:
        server = ForkServer(partial(_preloaded_files, Path.cwd()))
        preload(home)  # what has been registered meanwhile
        server.start_here()
        install(server)
    spare_what_is_imported()
    asyncio.run(serve(settings().work_pool, pool_type, server))


def _preloaded_files(root: Path) -> list[Path]:
    return [*sources(root), root / ".env", root / "prefect.toml"]


if __name__ == "__main__":
    main()
