"""Ends or restarts flow runs whose process has vanished, or was never started.

A worker reports the end of what it has started. A flow run whose process is killed together with
its worker would stay Running for ever, and one that its worker had only just taken would stay
Pending and occupy a slot of its queue. Prefect's own way, an automation on heartbeats, writes to
the database at every event of every flow run, which SQLite does not cope with well.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path

import httpx

from stack.api import Json, SlipwayApi
from stack.flow_run import TERMINAL, seconds
from stack.runs.abandoned import served_elsewhere
from stack.runs.flow_process import flow_processes, flow_runs_in

GRACE_SECONDS = 3.0
"""Time that a living worker has to report the end itself. A worker whose report failed, because the
server's disk was full, does not try again. A flow run that ends by itself reports it before its
process is gone."""

BEGIN_SECONDS = 180.0
"""Time that a living worker has to start the process of a flow run that it has taken. If twenty are
requested at once on a busy machine, the last waits more than a minute."""

MAX_STARTS = 3
"""A flow run whose workers died before they started it this often is not started again."""

IMPORT_SECONDS = 2.0
"""Less than a worker needs to import Prefect, before which it takes no flow run."""

_AT_WORK = ("RUNNING", "PENDING")
_AGAIN = "A worker had taken it, and never began it."


def times_begun_again(states: Iterable[Json]) -> int:
    """Return how often a flow run with these states was made due again since it last ran or ended.

    The server keeps the states, so that the count outlives the reconciler.
    """
    times = 0
    for state in sorted(states, key=lambda state: seconds(state["timestamp"]) or 0.0):
        if state["type"] == "RUNNING" or state["type"] in TERMINAL:
            times = 0
        times += state["message"] == _AGAIN
    return times


class VanishedRuns:
    """Ends flow runs that are Running without a process; restarts those that never began.

    A flow run whose worker is gone is not waited for. Nothing is touched while a worker of another
    machine serves the pool, as a run may be its own.

    Args:
        api: Client of the server.
        pool: The work pool.
        home: The home of the stack whose flow runs are ours.
        own_worker: The name of this machine's worker.
        worker_age: Returns for how many seconds this machine's worker has been there; None while
            there is none.
        clock: Returns the time of day, which is the server's too.
    """

    def __init__(
        self,
        api: SlipwayApi,
        pool: str,
        home: Path,
        own_worker: str,
        worker_age: Callable[[], float | None],
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._api, self._pool, self._home, self._own_worker = api, pool, home, own_worker
        self._worker_age, self._clock = worker_age, clock
        self._missing: dict[str, float] = {}

    def __call__(self, now: float) -> list[str]:
        """Look once, at the monotonic time ``now``.

        Return a sentence for each flow run that was ended or is due again.
        """
        runs = {str(run["id"]): run for run in flow_runs_in(self._api, self._pool, *_AT_WORK)}
        # Processes are listed after the runs, so that a run that has begun by now has one.
        processes = flow_processes(self._home) if runs else {}
        self._missing = {
            run_id: self._missing.get(run_id, now) for run_id in runs if run_id not in processes
        }
        lost = [
            run_id
            for run_id, since in self._missing.items()
            if since < now and now - since >= self._grace(runs[run_id], now - since)
        ]
        if not lost or served_elsewhere(self._api, self._pool, self._own_worker):
            return []
        return [self._settle_or_say(runs[run_id]) for run_id in lost]

    def _grace(self, run: Json, missing_seconds: float) -> float:
        """Return how long the worker that has taken the run may report nothing of it."""
        age, taken_at = self._worker_age(), seconds(run["state"]["timestamp"])
        # A run that has been missing this long was taken before, whatever its timestamp says.
        ago = max(missing_seconds, 0.0 if taken_at is None else self._clock() - taken_at)
        if age is None or ago > age - IMPORT_SECONDS:
            return 0.0
        return BEGIN_SECONDS if run["state_type"] == "PENDING" else GRACE_SECONDS

    def _settle_or_say(self, run: Json) -> str:
        """Settle one run; a refusal by the server does not keep the others from being settled."""
        try:
            return self._settle(run)
        except httpx.HTTPStatusError as error:
            return f"flow run {run['id']} cannot be ended or made due again: {error}"

    def _settle(self, run: Json) -> str:
        run_id = str(run["id"])
        del self._missing[run_id]
        if run["state_type"] == "PENDING" and self._times_begun_again(run_id) < MAX_STARTS:
            now = datetime.now(UTC).isoformat()
            again: Json = {"type": "SCHEDULED", "state_details": {"scheduled_time": now}}
            self._set(run_id, again | {"message": _AGAIN})
            return f"flow run {run_id} was taken by a worker and never began; it is due again"
        self._set(run_id, {"type": "CRASHED", "message": "Its process is gone."})
        return f"flow run {run_id} has no process any more; marked as crashed"

    def _times_begun_again(self, run_id: str) -> int:
        return times_begun_again(self._api.call("GET", f"/flow_run_states/?flow_run_id={run_id}"))

    def _set(self, run_id: str, state: Json) -> None:
        body = {"state": state, "force": True}
        self._api.call("POST", f"/flow_runs/{run_id}/set_state", body)
