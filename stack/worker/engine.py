"""Runs Prefect's engine, which executes one flow run, with clients that wait for the server.

A server that is killed just when a flow run begins would otherwise cost that run.
"""

from __future__ import annotations

import runpy

from stack.worker.patient_clients import wait_for_server


def main() -> None:
    """Execute the flow run that the environment names."""
    wait_for_server()
    runpy.run_module("prefect.engine", run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
