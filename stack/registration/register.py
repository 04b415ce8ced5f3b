"""Registers block types, work pool, limits and deployments of Slipway with the Prefect server.

It does so in one process with Prefect's own flow loader, since `prefect deploy --all` repeats the
same requests for each deployment. What has not changed since the last time is not sent again.
"""

from __future__ import annotations

import importlib
import os
import sys
from http import HTTPStatus
from pathlib import Path
from typing import Any

import httpx
from prefect.blocks.core import Block
from prefect.flows import Flow, load_flow_from_entrypoint
from prefect.utilities.callables import parameter_schema
from prefect.workers.process import ProcessWorker

from blocks.logo import publish_logos
from stack.api import SlipwayApi
from stack.forking import ends_with
from stack.registration.automations import register_automations
from stack.registration.default_blocks import make_defaults
from stack.registration.deployments import (
    Declared,
    Json,
    body_of,
    moved_schedules,
    new_schedules,
    read_deployments,
)
from stack.registration.fingerprint import fingerprint, sources
from stack.registration.operations import write_operations
from stack.registration.work_pool import (
    ensure_pool,
    ensure_provider_limit,
    job_template,
)
from tasks.home import Home, write_private
from tasks.settings import Settings, settings

BLOCKS = (
    "blocks.project.Project",
    "blocks.environment.Environment",
    "blocks.providers.shell.ShellProvider",
    "blocks.repositories.restic.ResticRepository",
    "blocks.routers.caddy.CaddyRouter",
    "blocks.notification.Notification",
)
"""Every block a user configures in the UI; a new one is a line here."""


def block_class(path: str) -> type[Block]:
    """Return the block class at ``module.Class``."""
    module, _, name = path.rpartition(".")
    block_type: type[Block] = getattr(importlib.import_module(module), name)
    return block_type


def register_blocks(paths: tuple[str, ...] = BLOCKS) -> list[str]:
    """Register block types and their schemas; return their names."""
    classes = [block_class(path) for path in paths]
    for block_type in classes:
        block_type.register_type_and_schema()
    return [block_type.get_block_type_slug() for block_type in classes]


def operation(entry: Declared, pool: str) -> tuple[str, Json]:
    """Return the name of a deployment, ``flow/name``, and the body that registers it."""
    flow: Flow[..., Any] = load_flow_from_entrypoint(entry.entrypoint)
    schema = parameter_schema(flow).model_dump(mode="json")
    return f"{flow.name}/{entry.name}", body_of(entry, schema, pool)


def run_name_template(entry: Declared) -> str:
    """Return the template by which runs of a deployment are named; empty if there is none."""
    flow: Flow[..., Any] = load_flow_from_entrypoint(entry.entrypoint)
    name = flow.flow_run_name
    return name if isinstance(name, str) else getattr(name, "template", "")


def register_deployment(api: SlipwayApi, entry: Declared, name: str, body: Json) -> None:
    """Create or update one deployment."""
    try:
        existing: Json = api.call("GET", f"/deployments/name/{name}")
    except httpx.HTTPStatusError as error:
        if error.response.status_code != HTTPStatus.NOT_FOUND:
            raise
        flow = name.removesuffix(f"/{entry.name}")
        flow_id = api.call("POST", "/flows/", {"name": flow})["id"]
        new = {"name": entry.name, "flow_id": flow_id, "schedules": new_schedules(entry)}
        api.call("POST", "/deployments/", {**body, **new})
    else:
        _update(api, entry, existing, body)


def _update(api: SlipwayApi, entry: Declared, existing: Json, body: Json) -> None:
    """Update a deployment, and its schedules one by one.

    If the body held a list of schedules, the server would delete all schedules and create these,
    as soon as one that a user has added has no slug; those added in the UI have none.
    """
    path = f"/deployments/{existing['id']}"
    api.call("PATCH", path, body)
    for schedule_id, change in moved_schedules(entry, existing["schedules"]).items():
        api.call("PATCH", f"{path}/schedules/{schedule_id}", change)
    if missing := new_schedules(entry, existing["schedules"]):
        api.call("POST", f"{path}/schedules", missing)


def register_all(config: Settings, api: SlipwayApi, root: Path) -> list[str]:
    """Register everything; return the names of the deployments."""
    declared = read_deployments(root / "prefect.yaml")
    operations = [operation(entry, config.work_pool) for entry in declared]
    # Written before it is sent, since the server accepts nothing else.
    schemas = {name: body["parameter_openapi_schema"] for name, body in operations}
    entrypoints = {name: body["entrypoint"] for name, body in operations}
    run_names = {
        name: run_name_template(entry)
        for entry, (name, _) in zip(declared, operations, strict=True)
    }
    stock = ProcessWorker.get_default_base_job_template()
    template = job_template(stock, sys.executable, root)
    write_operations(Home(config.root), schemas, entrypoints, run_names, template)
    ensure_pool(api, config.work_pool, template)
    ensure_provider_limit(api, "local", os.cpu_count() or 1)
    publish_logos(Home(config.root).ui / "v1")
    register_blocks()
    make_defaults(config)
    for sentence in register_automations():
        sys.stdout.write(f"{sentence}\n")
    for entry, (name, body) in zip(declared, operations, strict=True):
        register_deployment(api, entry, name, body)
    return [name for name, _ in operations]


def main() -> None:
    """Register everything once the server answers, and remember what was registered.

    The process of the `make up` that waits for it is its argument, and it ends with that.
    """
    if not ends_with(int(sys.argv[1])):
        return
    config, root = settings(), Path.cwd()
    mark = fingerprint(sources(root), [sys.executable, config.work_pool])
    with SlipwayApi.of(config, patience_seconds=config.start_seconds) as api:
        names = register_all(config, api, root)
    write_private(Home(config.root).registration_file, mark)
    sys.stdout.write(f"registered {len(names)} deployments and {len(BLOCKS)} block types\n")


if __name__ == "__main__":
    main()
