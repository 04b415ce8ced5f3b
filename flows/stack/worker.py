"""The stock process worker, started once its server answers and its work pool exists.

`prefect worker start` does the same after a second interpreter and a round of questions; here
Prefect is imported while the server is still starting.
"""

from __future__ import annotations

import asyncio
import signal
import time

from prefect.workers.process import ProcessWorker

from flows.stack.api import SlipwayApi
from flows.stack.readiness import work_pool_exists, worker_name
from tasks.settings import settings


async def serve(pool: str) -> None:
    """Run the worker of ``pool`` until it is told to stop; its flow runs are ended with it."""
    worker = ProcessWorker(
        work_pool_name=pool,
        name=worker_name(),
        create_pool_if_not_found=False,
    )
    task = asyncio.ensure_future(worker.start(printer=print))
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, task.cancel)
    await asyncio.gather(task, return_exceptions=True)


def main() -> None:
    """Wait for the work pool, then serve it."""
    with SlipwayApi.of(patience_seconds=0) as api:
        while not work_pool_exists(api, settings().work_pool):
            time.sleep(0.2)
    asyncio.run(serve(settings().work_pool))


if __name__ == "__main__":
    main()
