"""Finds the processes that execute flow runs on this machine, started or forked for them."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import psutil

from stack.api import Json, SlipwayApi
from tasks.run_process import RUN_ID, titled_run

ENGINE = "stack.worker.engine"
"""The module that executes a flow run."""

_ENGINES = frozenset({ENGINE, "prefect.engine"})
"""The latter is the module that an earlier version started."""


def flow_processes(home: Path) -> dict[str, list[psutil.Process]]:
    """Return the processes of the stack in ``home`` that execute flow runs, by flow run id."""
    processes = defaultdict(list)
    for process in psutil.process_iter():
        try:
            command = process.cmdline()
            forked_for = titled_run(command)
            if not forked_for and _ENGINES.isdisjoint(command):
                continue
            variables = process.environ()
        except psutil.Error:
            continue
        run_id = forked_for or variables.get(RUN_ID)
        if run_id and variables.get("SLIPWAY_HOME") == str(home):
            processes[run_id].append(process)
    return dict(processes)


def flow_runs_in(api: SlipwayApi, pool: str, *state_types: str) -> list[Json]:
    """Return the flow runs of the pool that are in a state of one of those types."""
    query: Json = {
        "work_pools": {"name": {"any_": [pool]}},
        "flow_runs": {"state": {"type": {"any_": list(state_types)}}},
    }
    return api.every("/flow_runs/filter", query)
