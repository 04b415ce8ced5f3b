"""Plans schedules again after the clock was set back; else they would pause until that time.

Prefect plans the next runs of a schedule when few lie ahead, and none before those that do. It also
creates no run for a time that has had one, such as those skipped while the clock was ahead.
"""

from __future__ import annotations

from datetime import datetime

import httpx

from stack.api import Json, SlipwayApi

_TO_COME = ["Scheduled", "Skipped"]


def replan(api: SlipwayApi, pool: str, now: datetime) -> list[str]:
    """Have the schedules of ``pool`` planned from ``now`` on; return what was done, in a sentence.

    A run that has run, or that somebody cancelled, stays and is not repeated for its time.
    """
    of_pool: Json = {"work_pools": {"name": {"any_": [pool]}}}
    planned: Json = {
        "state": {"name": {"any_": _TO_COME}},
        "expected_start_time": {"after_": now.isoformat()},
    }
    runs = api.every("/flow_runs/filter", {**of_pool, "flow_runs": planned})
    for run in runs:
        if run["auto_scheduled"] and not run["run_count"]:
            _forget(api, str(run["id"]))
    for deployment in api.every("/deployments/filter", of_pool):
        active = any(schedule["active"] for schedule in deployment["schedules"])
        if active and not deployment["paused"]:
            api.call("POST", f"/deployments/{deployment['id']}/schedule", {})
    return ["the clock was set back: the coming runs of schedules were planned again"]


def _forget(api: SlipwayApi, run: str) -> None:
    try:
        api.call("DELETE", f"/flow_runs/{run}")
    except httpx.HTTPStatusError as error:
        # Removed meanwhile, as its schedule was, or taken by a worker.
        if error.response.status_code not in {httpx.codes.NOT_FOUND, httpx.codes.CONFLICT}:
            raise
