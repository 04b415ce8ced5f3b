"""Tells which flow run a process executes.

A process that was started for a flow run has its id among its environment variables. One that was
forked shows the variables of the process it was forked from; its title names the run.
"""

from __future__ import annotations

import psutil

RUN_ID = "PREFECT__FLOW_RUN_ID"
"""The variable by which Prefect tells a process which flow run it executes."""
_TITLE = "slipway flow run "


def title(run_id: str) -> str:
    """Return the title of a forked process that executes a flow run."""
    return f"{_TITLE}{run_id}"


def titled_run(command: list[str]) -> str:
    """Return the id of the flow run that the title of a process names, empty if it names none.

    A title takes the place of the command.
    """
    first = command[0] if command else ""
    return first.removeprefix(_TITLE).strip() if first.startswith(_TITLE) else ""


def run_id_of(process: psutil.Process) -> str:
    """Return the id of the flow run that ``process`` executes, empty if it executes none.

    Raises:
        psutil.Error: The process is gone, or may not be looked at.
    """
    return titled_run(process.cmdline()) or process.environ().get(RUN_ID, "")
