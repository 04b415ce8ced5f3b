"""A guarded server of Prefect in the process of the tests, with a database of its own."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from prefect.server import models
from prefect.server.api.server import create_app
from prefect.server.database.configurations import AioSqliteConfiguration
from prefect.settings import PREFECT_SERVER_DATABASE_CONNECTION_URL, temporary_settings

from stack.server.guard import Guard
from stack.server.main import write_in_turn
from stack.server.pool_guard import PoolGuard

Json = dict[str, Any]
SCHEMA: Json = {
    "type": "object",
    "properties": {"project": {"type": "string", "maxLength": 10}},
    "additionalProperties": False,
}
TEMPLATE: Json = {
    "job_configuration": {"command": "{{ command }}", "env": "{{ env }}"},
    "variables": {"properties": {"command": {"type": "string"}, "env": {"type": "object"}}},
}
RUN_NAMES = {"launch/launch": "launch {project}"}
GUARDED = (
    (models.deployments, ("_insert_scheduled_flow_runs",)),
    (models.deployments, ("read_deployment_by_name",)),
    (models.deployments, ("create_deployment", "update_deployment")),
    (models.deployments, ("delete_deployment", "delete_deployments")),
    (models.flows, ("delete_flow", "delete_flows")),
    (models.flow_runs, ("create_flow_run", "update_flow_run")),
    (models.flow_runs, ("delete_flow_run", "delete_flow_runs")),
    (models.concurrency_limits_v2, ("update_concurrency_limit",)),
    (models.block_types, ("delete_block_type",)),
    (models.block_schemas, ("delete_block_schema",)),
    (models.workers, ("update_work_pool", "delete_work_pool")),
    (models.workers, ("update_work_queue", "delete_work_queue")),
    (models.work_queues, ("update_work_queue", "delete_work_queue")),
    (AioSqliteConfiguration, ("begin_transaction",)),
)
Ask = Callable[..., httpx.Response]


class Later:
    """Takes what the server would do in the background, and does none of it."""

    def add(self, *_: object, **__: object) -> Callable[..., Awaitable[None]]:
        """Take one task."""

        async def forget(**_: object) -> None:
            """Do nothing."""

        return forget


@pytest.fixture(scope="module")
def ask(prefect_database: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ask]:
    """Give what sends a request to a server with a database of its own, in this process."""
    file = shutil.copy(prefect_database, tmp_path_factory.mktemp("server"))
    database = f"sqlite+aiosqlite:///{file}"
    before = [(module, name, getattr(module, name)) for module, names in GUARDED for name in names]
    with (
        temporary_settings({PREFECT_SERVER_DATABASE_CONNECTION_URL: database}),
        asyncio.Runner() as loop,
    ):
        write_in_turn()
        application = create_app(ignore_cache=True)
        application.api_app.state.docket = Later()  # type: ignore[attr-defined] # Prefect's own
        names = ("launch", "stop")
        schemas = {f"{name}/{name}": SCHEMA for name in names}
        entrypoints = {f"{name}/{name}": f"flows.{name}.{name}_flow" for name in names}
        pool = PoolGuard("slipway", lambda: TEMPLATE)
        Guard(lambda: schemas, lambda: entrypoints, pool, lambda: RUN_NAMES).install()

        async def send(method: str, path: str, body: object) -> httpx.Response:
            """Send one request."""
            transport = httpx.ASGITransport(app=application)
            url = "http://server/api"
            async with httpx.AsyncClient(transport=transport, base_url=url) as client:
                return await client.request(method, path, json=body)

        yield lambda method, path, body=None: loop.run(send(method, path, body))
    for module, name, act in before:
        setattr(module, name, act)


def make(ask: Ask, path: str, body: Json) -> str:
    """Make something of the server's; return its id."""
    answer = ask("POST", path, body)
    assert answer.is_success, answer.text
    return str(answer.json()["id"])


def deploy(ask: Ask, flow: str) -> str:
    """Register the deployment of ``flow`` that bears its name, as `make up` does."""
    flow_id = make(ask, "/flows/", {"name": flow})
    body = {"name": flow, "flow_id": flow_id, "parameter_openapi_schema": SCHEMA}
    return make(ask, "/deployments/", body)
