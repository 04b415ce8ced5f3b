"""Ends task runs whose flow run has ended without them; they would be shown at work for ever.

A task run's states are events of the process that executes it. If that process is killed, the last
one stays: Running, or AwaitingRetry.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid5

from stack.api import Json, SlipwayApi
from stack.api_connection import PAGE_SIZE
from stack.flow_run import TERMINAL

EVERY_SECONDS = 30.0

GRACE_SECONDS = 60.0
"""How long after the end of a flow run the last events of its task runs may still be on their way."""

LOOK_BACK_SECONDS = 24 * 3600.0
"""How long ago a flow run may have ended. What cannot be ended is not tried for ever."""

UNFINISHED = ("RUNNING", "PENDING", "SCHEDULED", "PAUSED", "CANCELLING")
MESSAGE = (
    "Its flow run ended before this task reported an end. If a later run takes up the work, "
    "the report of that run says what became of it."
)


class OrphanedTaskRuns:
    """Ends the unfinished task runs of flow runs that have ended, a page of them at each look."""

    def __init__(self, api: SlipwayApi) -> None:
        self._api = api

    def __call__(self, now: float) -> list[str]:
        """Look once, at ``now`` in epoch seconds; say how many were found."""
        orphans = self._orphans(now)
        if not orphans:
            return []
        ids = sorted({str(orphan["flow_run_id"]) for orphan in orphans})
        query = {"flow_runs": {"id": {"any_": ids}}}
        ends = {run["id"]: run["end_time"] for run in self._api.every("/flow_runs/filter", query)}
        events = [
            crashed(orphan, end) for orphan in orphans if (end := ends.get(orphan["flow_run_id"]))
        ]
        self._api.emit(events)
        return [f"{len(events)} unfinished, their flow runs have ended; marked as crashed"]

    def _orphans(self, now: float) -> list[Json]:
        ended: Json = {
            "state": {"type": {"any_": sorted(TERMINAL)}},
            "end_time": {
                "after_": _stamp(now - LOOK_BACK_SECONDS),
                "before_": _stamp(now - GRACE_SECONDS),
            },
        }
        query: Json = {
            "flow_runs": ended,
            "task_runs": {"state": {"type": {"any_": list(UNFINISHED)}}},
            "limit": PAGE_SIZE,
        }
        unfinished: list[Json] = self._api.call("POST", "/task_runs/filter", query)
        return unfinished


def crashed(orphan: Json, flow_run_end: str) -> Json:
    """Return the event by which ``orphan``, a task run as the server shows it, is Crashed.

    The server keeps the state of the latest event. This one comes right after the last known, so
    that the true end wins whenever it arrives; a state that is set over the API would be later.
    The same state gives the same event, however often it is sent.
    """
    last: Json = orphan["state"]
    since = datetime.fromisoformat(last["timestamp"])
    worked: float = orphan["total_run_time"]
    if last["type"] == "RUNNING":
        worked += max(0.0, (datetime.fromisoformat(flow_run_end) - since).total_seconds())
    end: Json = {"type": "CRASHED", "name": "Crashed", "message": MESSAGE, "state_details": {}}
    kept = {key: orphan[key] for key in ("name", "task_key", "dynamic_key")}
    return {
        "id": str(uuid5(UUID(last["id"]), "orphaned")),
        "occurred": (since + timedelta(microseconds=1)).isoformat(),
        "event": "prefect.task-run.Crashed",
        "resource": {
            "prefect.resource.id": f"prefect.task-run.{orphan['id']}",
            "prefect.resource.name": orphan["name"],
            "prefect.state-message": MESSAGE,
            "prefect.state-name": "Crashed",
            "prefect.state-type": "CRASHED",
            "prefect.orchestration": "client",
        },
        "related": [
            {
                "prefect.resource.id": f"prefect.flow-run.{orphan['flow_run_id']}",
                "prefect.resource.role": "flow-run",
            }
        ],
        "payload": {
            "intended": {"from": last["type"], "to": "CRASHED"},
            "initial_state": {key: last[key] for key in ("type", "name", "message")},
            "validated_state": end,
            "task_run": {**kept, "end_time": flow_run_end, "total_run_time": worked},
        },
    }


def _stamp(epoch_seconds: float) -> str:
    return datetime.fromtimestamp(epoch_seconds, UTC).isoformat()
