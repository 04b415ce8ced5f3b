"""Runs Prefect's engine, which executes one flow run, with clients that wait for the server.

A server that is killed just when a flow run begins would otherwise cost that run.
"""

from __future__ import annotations

import gc
import runpy

NEW_OBJECTS = 100_000
"""How many objects Python makes before it looks for garbage. With its own limit of 700, that takes a
seventh of the time of the imports."""


def main() -> None:
    """Execute the flow run that the environment names."""
    gc.set_threshold(NEW_OBJECTS)
    # Imports Prefect.
    from stack.worker.patient_clients import wait_for_server  # noqa: PLC0415

    wait_for_server()
    runpy.run_module("prefect.engine", run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
