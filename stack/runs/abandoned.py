"""Marks flow runs as crashed if their process ended with an earlier stack.

Otherwise they would stay Running or Pending for ever.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from stack.api import SlipwayApi
from stack.flow_run import seconds

UNFINISHED = ("RUNNING", "PENDING", "CANCELLING")

Json = dict[str, Any]


def abandoned(runs: Iterable[Mapping[str, Any]], since: float) -> list[str]:
    """Return the ids of the runs that entered their state before ``since``, in epoch seconds."""
    return [str(run["id"]) for run in runs if (seconds(run["state"]["timestamp"]) or since) < since]


def served_elsewhere(api: SlipwayApi, pool: str, own_worker: str) -> bool:
    """Tell whether a worker of another machine serves the pool."""
    workers = api.call("POST", f"/work_pools/{pool}/workers/filter", {})
    return any(each["status"] == "ONLINE" and each["name"] != own_worker for each in workers)


def crash_abandoned(api: SlipwayApi, pool: str, own_worker: str, since: float) -> int:
    """Mark flow runs that an earlier stack left unfinished as crashed; return how many.

    Nothing is touched while a worker of another machine serves the pool, as a run may be its own.
    """
    if served_elsewhere(api, pool, own_worker):
        return 0
    query: Json = {
        "work_pools": {"name": {"any_": [pool]}},
        "flow_runs": {"state": {"type": {"any_": list(UNFINISHED)}}},
    }
    lost = abandoned(api.every("/flow_runs/filter", query), since)
    state = {"type": "CRASHED", "message": "Its process ended together with the stack."}
    for run in lost:
        api.call("POST", f"/flow_runs/{run}/set_state", {"state": state, "force": True})
    return len(lost)
