"""Skips missed runs of schedules: after a pause only the newest run of each schedule runs.

Prefect plans runs ahead and starts all late ones, however many there are: after a week without the
stack a hundred runs of one schedule would start at once, each doing the same as the newest.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

import httpx

from stack.api import SlipwayApi
from stack.flow_run import seconds
from stack.log import say

WAITING = ("Scheduled", "Late")

Json = Mapping[str, Any]


def superseded(runs: Iterable[Json]) -> dict[str, Json]:
    """Return the newest run of the same schedule, by the id of each older run that it replaces.

    ``runs`` are those that should have begun by now. A run that a user has requested, or that has
    begun before and waits for a retry, is never among the keys.
    """
    schedules: dict[tuple[str, str], list[Json]] = defaultdict(list)
    for run in runs:
        if run["auto_scheduled"] and run["state_name"] in WAITING and not run["run_count"]:
            by = (run.get("created_by") or {}).get("id") or ""
            schedules[str(run["deployment_id"]), str(by)].append(run)
    newest_by_run: dict[str, Json] = {}
    for runs_of_schedule in schedules.values():
        *older, newest = sorted(
            runs_of_schedule, key=lambda run: seconds(run["expected_start_time"]) or 0.0
        )
        newest_by_run |= {str(run["id"]): newest for run in older}
    return newest_by_run


def skip_missed(api: SlipwayApi, pool: str, now: float) -> list[str]:
    """Skip all missed runs but the newest of each schedule; return a sentence for each run."""
    before = datetime.fromtimestamp(now, UTC).isoformat()
    query = {
        "work_pools": {"name": {"any_": [pool]}},
        "flow_runs": {
            "state": {"type": {"any_": ["SCHEDULED"]}},
            "expected_start_time": {"before_": before},
        },
    }
    skipped = superseded(api.every("/flow_runs/filter", query)).items()
    return [message for run, newest in skipped if (message := _skip(api, run, newest))]


def _skip(api: SlipwayApi, run: str, newest: Json) -> str:
    message = (
        f"Skipped: it was missed, and the run of {newest['expected_start_time']} makes up for it."
    )
    state = {"type": "CANCELLED", "name": "Skipped", "message": message}
    try:
        api.call("POST", f"/flow_runs/{run}/set_state", {"state": state})
    except httpx.HTTPStatusError as error:
        if error.response.status_code != httpx.codes.NOT_FOUND:
            raise
        return ""  # removed meanwhile, as its schedule was
    return f"flow run {run}: {message}"


def skip_all_missed(pool: str) -> None:
    """Skip the missed runs of ``pool`` that a newer one makes up for, and say so."""
    with SlipwayApi.of(patience_seconds=5) as api:
        for sentence in skip_missed(api, pool, time.time()):
            say(sentence)
