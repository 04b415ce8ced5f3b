"""The work pool, its queues, the provider limits and the automation that ends silent flow runs."""

from __future__ import annotations

import shlex
from copy import deepcopy
from http import HTTPStatus
from pathlib import Path
from typing import Any

import httpx

from flows.stack.api import SlipwayApi
from flows.stack.environment import HEARTBEAT_SECONDS

QUEUES = {"critical": 1, "default": 2, "batch": 3}
"""Work queues and their priorities; 1 comes first."""

LIMITS = {"default": 16, "batch": 4}
"""Flow runs at once, when the pool is made: a burst of processes would make the server answer 503.

The others wait as Scheduled. The critical queue has no limit, and a user may change these."""

FLOW_LOG = "logs/flow-runs.log"
"""What flow runs print, below the home; Prefect keeps what they log."""

SILENT_SECONDS = 3 * HEARTBEAT_SECONDS
"""After as much silence, a flow run is taken for dead."""
ENDS = ("Completed", "Failed", "Cancelled", "Crashed")

Json = dict[str, Any]


def job_template(default: Json, python: str, folder: Path) -> Json:
    """Return Prefect's job template with our interpreter and folder as defaults.

    Naming the command spares every flow run a second interpreter, which took 1.5 s. Its output goes
    to a file rather than to a pipe of the worker, so that a flow run outlives a killed worker.
    """
    engine = f'exec {shlex.quote(python)} -m prefect.engine >>"$SLIPWAY_HOME/{FLOW_LOG}" 2>&1'
    template = deepcopy(default)
    properties = template["variables"]["properties"]
    properties["command"]["default"] = shlex.join(["/bin/sh", "-c", engine])
    properties["working_dir"]["default"] = str(folder)
    return template


def ensure_pool(api: SlipwayApi, pool: str, template: Json) -> None:
    """Create or update the work pool and its queues; limits that a user has set stay."""
    body = {"base_job_template": template, "description": "Flow runs of Slipway on this machine"}
    stands = _exists(api, f"/work_pools/{pool}")
    if stands:
        api.call("PATCH", f"/work_pools/{pool}", body)
    else:
        api.call("POST", "/work_pools/", {"name": pool, "type": "process", **body})
    for queue, priority in QUEUES.items():
        path = f"/work_pools/{pool}/queues"
        wanted: Json = {"priority": priority}
        if not stands:
            wanted["concurrency_limit"] = LIMITS.get(queue)
        # Prefect makes the default queue together with the pool.
        if _exists(api, f"{path}/{queue}"):
            api.call("PATCH", f"{path}/{queue}", wanted)
        else:
            api.call("POST", path, {"name": queue, **wanted})


def ensure_provider_limit(api: SlipwayApi, provider: str, slots: int) -> None:
    """Let Prefect hold at most ``slots`` lanes of ``provider`` at once (``provider:<name>``)."""
    name = f"provider:{provider}"
    if _exists(api, f"/v2/concurrency_limits/{name}"):
        api.call("PATCH", f"/v2/concurrency_limits/{name}", {"limit": slots})
    else:
        api.call("POST", "/v2/concurrency_limits/", {"name": name, "limit": slots, "active": True})


def silence_automation() -> Json:
    """Return the automation that marks a flow run crashed once its heartbeats have stopped.

    Without it, a flow run whose process was killed together with its worker stays Running for ever.
    """
    heartbeat = "prefect.flow-run.heartbeat"
    return {
        "name": "slipway: crash flow runs that fell silent",
        "description": "A flow run without heartbeats has lost its process.",
        "enabled": True,
        "trigger": {
            "type": "event",
            "posture": "Proactive",
            "match": {"prefect.resource.id": ["prefect.flow-run.*"]},
            "for_each": ["prefect.resource.id"],
            "after": [heartbeat],
            "expect": [heartbeat, *(f"prefect.flow-run.{end}" for end in ENDS)],
            "threshold": 1,
            "within": SILENT_SECONDS,
        },
        "actions": [
            {
                "type": "change-flow-run-state",
                "state": "CRASHED",
                "message": f"No heartbeat for {SILENT_SECONDS} s: the process is gone.",
            }
        ],
    }


def ensure_automation(api: SlipwayApi, automation: Json) -> None:
    """Create or replace the automation of that name."""
    wanted = {"automations": {"name": {"any_": [automation["name"]]}}}
    found = api.call("POST", "/automations/filter", wanted)
    if found:
        api.call("PUT", f"/automations/{found[0]['id']}", automation)
    else:
        api.call("POST", "/automations/", automation)


def _exists(api: SlipwayApi, path: str) -> bool:
    try:
        api.call("GET", path)
    except httpx.HTTPStatusError as error:
        if error.response.status_code == HTTPStatus.NOT_FOUND:
            return False
        raise
    return True
