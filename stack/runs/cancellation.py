"""Ends the processes of flow runs that are cancelled after their worker died.

A worker ends only what it has started itself. A flow run outlives a worker that is killed, and the
next worker does not know it: it would stay Cancelling for ever, and its steps would go on.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import psutil

from stack.api import Json, SlipwayApi
from stack.runs.abandoned import served_elsewhere
from stack.runs.flow_process import flow_processes, flow_runs_in

GRACE_SECONDS = 60.0
"""Time that a flow run has to stop its steps, and that a worker has to end a flow run."""
GONE_SECONDS = 10.0
"""How long one may have no process before it is cancelled here: its worker may be about to start one,
or to say itself that it is cancelled. One that is cancelled never begins."""


class Cancellation:
    """Ends the flow runs that are being cancelled and have no worker.

    Args:
        api: Client of the server.
        pool: The work pool.
        home: The home of the stack whose flow runs are ours.
        worker: Returns the process id of the worker that runs now; None while there is none.
        own_name: The name of this machine's worker.
    """

    def __init__(
        self,
        api: SlipwayApi,
        pool: str,
        home: Path,
        worker: Callable[[], int | None],
        own_name: str,
    ) -> None:
        self._api, self._pool, self._home = api, pool, home
        self._worker, self._own_name = worker, own_name
        self._ending: dict[str, float] = {}
        self._missing: dict[str, float] = {}

    def __call__(self, now: float) -> list[str]:
        """Look once, at the monotonic time ``now``.

        Return a sentence for each flow run that was found or ended.
        """
        runs = flow_runs_in(self._api, self._pool, "CANCELLING")
        cancelling = {run["id"] for run in runs}
        self._missing = {run: since for run, since in self._missing.items() if run in cancelling}
        told_to_end = [self._end(run, now) for run in runs if run["id"] not in self._ending]
        finished = [self._finish(run_id, now) for run_id in list(self._ending)]
        return [sentence for sentence in [*told_to_end, *finished] if sentence]

    def _end(self, run: Json, now: float) -> str:
        processes = flow_processes(self._home).get(run["id"], [])
        if not processes:
            since = self._missing.setdefault(run["id"], now)
            if now - since > GONE_SECONDS and not served_elsewhere(
                self._api, self._pool, self._own_name
            ):
                self._ending[run["id"]] = now
            return ""
        worker = self._worker()
        if any(worker in _ancestors(process) for process in processes):
            return ""
        for process in processes:
            _tell(process.terminate)
        self._ending[run["id"]] = now
        return f"flow run {run['id']} is cancelled and has no worker; it was told to end"

    def _finish(self, run_id: str, now: float) -> str:
        processes = flow_processes(self._home).get(run_id, [])
        if processes:
            if now - self._ending[run_id] > GRACE_SECONDS:
                for process in processes:
                    _tell(process.kill)
            return ""
        del self._ending[run_id]
        reason = "it had no process" if run_id in self._missing else "its worker was gone"
        state = {"type": "CANCELLED", "message": f"Ended by the reconciler: {reason}."}
        self._api.call("POST", f"/flow_runs/{run_id}/set_state", {"state": state, "force": True})
        return f"flow run {run_id} is cancelled"


def _ancestors(process: psutil.Process) -> set[int]:
    try:
        return {each.pid for each in process.parents()}
    except psutil.Error:
        return set()


def _tell(signal: Callable[[], None]) -> None:
    try:
        signal()
    except psutil.NoSuchProcess:
        return
