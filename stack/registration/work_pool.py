"""The work pool, its queues and the provider limits."""

from __future__ import annotations

import shlex
from copy import deepcopy
from http import HTTPStatus
from pathlib import Path
from typing import Any

import httpx

from stack.api import SlipwayApi
from stack.runs.flow_process import ENGINE

POOL_TYPE = "slipway"
"""The type of the pool. A worker of another type, such as Prefect's own, refuses to serve it."""

FORMER_POOL_TYPE = "process"
"""The type of pools that earlier versions made; Prefect cannot change it."""

CRITICAL = "critical"
"""The work queue of what must not wait for anything else."""

QUEUES = {CRITICAL: 1, "default": 2, "batch": 3}
"""Work queues and their priorities; 1 comes first."""

LIMITS = {"default": 16, "batch": 4}
"""Initial limits of concurrent flow runs: a burst of processes would make the server answer 503.

Further flow runs wait as Scheduled. The critical queue has no limit; a user may change these."""

FLOW_LOG = "logs/flow-runs.log"
"""The file, below the home, of what flow runs print; Prefect keeps what they log."""

Json = dict[str, Any]


def engine_command(python: str) -> list[str]:
    """Return the command that executes a flow run."""
    return [python, "-m", ENGINE]


def logged_command(python: str) -> list[str]:
    """Return the command of a work pool: it executes a flow run and writes to the file of them all.

    A pipe of the worker would end a flow run when the worker is killed.
    """
    engine = f'exec {shlex.join(engine_command(python))} >>"$SLIPWAY_HOME/{FLOW_LOG}" 2>&1'
    return ["/bin/sh", "-c", engine]


def job_template(default: Json, python: str, folder: Path) -> Json:
    """Return Prefect's job template with our interpreter and folder as defaults.

    Naming the command spares every flow run a second interpreter, which took 1.5 s.
    """
    template = deepcopy(default)
    properties = template["variables"]["properties"]
    properties["command"]["default"] = shlex.join(logged_command(python))
    properties["working_dir"]["default"] = str(folder)
    return template


def ensure_pool(api: SlipwayApi, pool: str, template: Json) -> None:
    """Create or update the work pool and its queues; limits that a user has set stay."""
    body = {"base_job_template": template, "description": "Flow runs of Slipway on this machine"}
    exists = _exists(api, f"/work_pools/{pool}")
    if exists:
        api.call("PATCH", f"/work_pools/{pool}", body)
    else:
        api.call("POST", "/work_pools/", {"name": pool, "type": POOL_TYPE, **body})
    for queue, priority in QUEUES.items():
        path = f"/work_pools/{pool}/queues"
        queue_body: Json = {"priority": priority}
        if not exists:
            queue_body["concurrency_limit"] = LIMITS.get(queue)
        # Prefect makes the default queue together with the pool.
        if _exists(api, f"{path}/{queue}"):
            api.call("PATCH", f"{path}/{queue}", queue_body)
        else:
            api.call("POST", path, {"name": queue, **queue_body})


def ensure_provider_limit(api: SlipwayApi, provider: str, slots: int) -> None:
    """Limit the concurrent lanes of ``provider`` to ``slots``, in the limit ``provider:<name>``."""
    name = f"provider:{provider}"
    if _exists(api, f"/v2/concurrency_limits/{name}"):
        api.call("PATCH", f"/v2/concurrency_limits/{name}", {"limit": slots})
    else:
        api.call("POST", "/v2/concurrency_limits/", {"name": name, "limit": slots, "active": True})


def _exists(api: SlipwayApi, path: str) -> bool:
    try:
        api.call("GET", path)
    except httpx.HTTPStatusError as error:
        if error.response.status_code == HTTPStatus.NOT_FOUND:
            return False
        raise
    return True
