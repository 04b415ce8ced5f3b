"""Flow runs whose process has vanished: nobody else would say that they have ended.

A worker reports the end of what it has started. One whose process is killed together with its
worker would stay Running for ever. Prefect's own way, an automation on heartbeats, writes to the
database at every event of every flow run, which is what SQLite bears least.
"""

from __future__ import annotations

from pathlib import Path

from flows.stack.abandoned import served_elsewhere
from flows.stack.api import SlipwayApi
from flows.stack.flow_process import flow_processes, flow_runs_in

GRACE_SECONDS = 20.0
"""How long a living worker has to report the end itself."""


class Vanished:
    """Marks flow runs as crashed that are Running without a process.

    Nothing is touched while a worker of another machine serves the pool: it may be its run.

    Args:
        api: Client of the server.
        pool: The work pool.
        home: The home of the stack whose flow runs are ours.
        own_worker: The name of this machine's worker.
    """

    def __init__(self, api: SlipwayApi, pool: str, home: Path, own_worker: str) -> None:
        self._api, self._pool, self._home, self._own_worker = api, pool, home, own_worker
        self._missing: dict[str, float] = {}

    def __call__(self, now: float) -> list[str]:
        """Look once; return a sentence for each flow run that is marked."""
        running = [str(run["id"]) for run in flow_runs_in(self._api, self._pool, "RUNNING")]
        there = flow_processes(self._home) if running else {}
        self._missing = {
            run_id: self._missing.get(run_id, now) for run_id in running if run_id not in there
        }
        lost = [run for run, since in self._missing.items() if now - since >= GRACE_SECONDS]
        if not lost or served_elsewhere(self._api, self._pool, self._own_worker):
            return []
        return [self._crash(run_id) for run_id in lost]

    def _crash(self, run_id: str) -> str:
        state = {"type": "CRASHED", "message": "Its process is gone."}
        self._api.call("POST", f"/flow_runs/{run_id}/set_state", {"state": state, "force": True})
        del self._missing[run_id]
        return f"flow run {run_id} has no process any more; marked as crashed"
