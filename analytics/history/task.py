"""The tasks that read what has run, of the server and of the ledger, and keep it in archives."""

from __future__ import annotations

import asyncio
import time
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

from prefect import get_run_logger, task
from prefect.cache_policies import NO_CACHE
from prefect.client.orchestration import PrefectClient, get_client

from analytics.history import ledger as ledger_history
from analytics.history import server
from analytics.history.archive import Archive, load, save
from analytics.history.ledger import newest
from analytics.history.runs import Run, states
from tasks.ledger.hosts import open_own_ledger
from tasks.settings import settings

DAY_SECONDS = 86_400.0


@task(
    name="read flow runs",
    task_run_name="read flow and task runs",
    cache_policy=NO_CACHE,
    retries=3,
    retry_delay_seconds=2,
    persist_result=False,
)
async def read_flow_runs(since_days: int) -> list[Run]:
    """Read the new flow and task runs of the server, of any flow, and add them to the archive."""
    now = time.time()
    since = now - since_days * DAY_SECONDS
    async with get_client() as client:
        request = partial(post, client)
        source = await server.identity(request, "train")
        archive = await asyncio.to_thread(load, _archive_path("server"), source, since)
        refreshed, changed = await server.refreshed(request, archive, since, now)
    await asyncio.to_thread(_keep, _archive_path("server"), refreshed)
    get_run_logger().info("Read %d flow and task runs, %s", changed, states(refreshed.runs))
    return newest(run for run in refreshed.runs if run.started_at >= since)


@task(name="read ledger", task_run_name="read ledger", cache_policy=NO_CACHE, persist_result=False)
async def read_ledger(since_days: int) -> list[Run]:
    """Read what the ledger has recorded since the last training, and add it to the archive."""
    now = time.time()
    since = now - since_days * DAY_SECONDS
    archive = await asyncio.to_thread(_read_ledger, since, now)
    return newest(run for run in archive.runs if run.started_at >= since)


async def post(client: PrefectClient, path: Any, body: dict[str, Any]) -> Any:
    """Post to the Prefect API; ``path`` is one of its routes."""
    return (await client.request("POST", path, json=body)).json()


def _archive_path(name: str) -> Path:
    return settings().root / "history" / f"{name}.parquet"


def _keep(path: Path, archive: Archive) -> None:
    if archive.note:
        get_run_logger().info("%s", archive.note)
    save(path, archive)


def _read_ledger(since: float, now: float) -> Archive:
    with closing(open_own_ledger(settings())) as ledger:
        source = ledger.url.render_as_string(hide_password=True)
        archive = load(_archive_path("ledger"), source, since)
        refreshed = ledger_history.refreshed(ledger, archive, since, now)
    _keep(_archive_path("ledger"), refreshed)
    return refreshed
