"""Flow runs whose process has vanished, or never was: nobody else would say so.

A worker reports the end of what it has started. One whose process is killed together with its
worker would stay Running for ever, and one that its worker had only just taken would stay Pending,
in a place of its queue. Prefect's own way, an automation on heartbeats, writes to the database at
every event of every flow run, which is what SQLite bears least.
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
"""How long a living worker has to report the end itself; one that could not, because the server had
no room to write it down, does not try again. A flow run that ends by itself says so before its
process is gone."""

BEGIN_SECONDS = 180.0
"""How long a living worker may take to start the process of a flow run that it has taken; of twenty
that are asked for at once on a busy machine, the last waits more than a minute."""

MOST_BEGUN = 3
"""One whose workers die over it so often is not begun again."""

IMPORT_SECONDS = 2.0
"""A worker takes nothing before it has imported Prefect, which takes it longer than that."""

_AT_WORK = ("RUNNING", "PENDING")
_AGAIN = "A worker had taken it, and never began it."


def times_begun_again(states: Iterable[Json]) -> int:
    """Return how often a flow run with these states was made due again since it last ran or ended.

    The server keeps them: how often it was outlives whoever has made it so.
    """
    times = 0
    for state in sorted(states, key=lambda state: seconds(state["timestamp"]) or 0.0):
        if state["type"] == "RUNNING" or state["type"] in TERMINAL:
            times = 0
        times += state["message"] == _AGAIN
    return times


class Vanished:
    """Ends flow runs that are Running without a process; has those begin that never began.

    What a worker had taken that is gone by now is not waited for. Nothing is touched while a worker
    of another machine serves the pool: it may be its run.

    Args:
        api: Client of the server.
        pool: The work pool.
        home: The home of the stack whose flow runs are ours.
        own_worker: The name of this machine's worker.
        worker_age: Returns for how many seconds this machine's worker has been there; None while
            there is none.
        clock: Tells the time of day, which is the server's too.
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
        # The processes after the runs: what has begun by now has one.
        there = flow_processes(self._home) if runs else {}
        self._missing = {
            run_id: self._missing.get(run_id, now) for run_id in runs if run_id not in there
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
        """Return for how long whoever has taken the run may say nothing of it."""
        age, taken = self._worker_age(), seconds(run["state"]["timestamp"])
        # What has been missing for so long was taken before, whatever the clock says of it.
        ago = max(missing_seconds, 0.0 if taken is None else self._clock() - taken)
        if age is None or ago > age - IMPORT_SECONDS:
            return 0.0
        return BEGIN_SECONDS if run["state_type"] == "PENDING" else GRACE_SECONDS

    def _settle_or_say(self, run: Json) -> str:
        """Settle one; what the server does not take of it keeps the others from nothing."""
        try:
            return self._settle(run)
        except httpx.HTTPStatusError as error:
            return f"flow run {run['id']} cannot be ended or made due again: {error}"

    def _settle(self, run: Json) -> str:
        run_id = str(run["id"])
        del self._missing[run_id]
        if run["state_type"] == "PENDING" and self._times_begun_again(run_id) < MOST_BEGUN:
            due = datetime.now(UTC).isoformat()
            again: Json = {"type": "SCHEDULED", "state_details": {"scheduled_time": due}}
            self._set(run_id, again | {"message": _AGAIN})
            return f"flow run {run_id} was taken by a worker and never began; it is due again"
        self._set(run_id, {"type": "CRASHED", "message": "Its process is gone."})
        return f"flow run {run_id} has no process any more; marked as crashed"

    def _times_begun_again(self, run_id: str) -> int:
        return times_begun_again(self._api.call("GET", f"/flow_run_states/?flow_run_id={run_id}"))

    def _set(self, run_id: str, state: Json) -> None:
        body = {"state": state, "force": True}
        self._api.call("POST", f"/flow_runs/{run_id}/set_state", body)
