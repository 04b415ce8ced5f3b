"""A process that runs flows one after another, which imports them once.

A worker starts a process for every flow run, which takes seconds. Tests use this one where how a run
is started is not what they look at; it is the program of that process too.
"""

from __future__ import annotations

import asyncio
import inspect
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from stack.api import Json
from stack.auth import read_auth
from stack.environment import stack_environment
from tasks.home import Home
from tasks.settings import Settings

ROOT = Path(__file__).parents[2]


class FlowProcess:
    """Runs flows against the server of a stack, with the environment of its flow runs.

    Args:
        config: The settings of the stack.
        log: File that gets what the flows print.
        inherited: The variables of who asks for the runs.
    """

    def __init__(self, config: Settings, log: Path, inherited: Mapping[str, str]) -> None:
        self._config = config
        self._log = log
        self._inherited = inherited
        self._process: subprocess.Popen[str] | None = None

    def run(self, entrypoint: str, parameters: Json) -> str:
        """Run a flow to its end; return the id of its run."""
        process = self._started()
        assert process.stdin is not None
        assert process.stdout is not None
        print(json.dumps([entrypoint, parameters]), file=process.stdin, flush=True)
        run = process.stdout.readline().strip()
        assert run, self._log.read_text()
        return run

    def _started(self) -> subprocess.Popen[str]:
        if self._process is None:
            auth = read_auth(Home(self._config.root).auth_file)
            with self._log.open("a") as log:
                self._process = subprocess.Popen(
                    [sys.executable, "-m", "tests.integration.flow_process"],
                    cwd=ROOT,
                    env=stack_environment(self._config, auth, "", self._inherited),
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=log,
                    text=True,
                )
        return self._process

    def close(self) -> None:
        """End the process."""
        if self._process is not None:
            self._process.communicate()


def main() -> None:
    """Run what is asked for on standard input, and answer each with the id of its run."""
    # Prefect is imported by the process that runs flows only.
    from prefect.client.schemas.objects import State  # noqa: PLC0415
    from prefect.flow_engine import run_flow  # noqa: PLC0415
    from prefect.flows import Flow, load_flow_from_entrypoint  # noqa: PLC0415

    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    for line in sys.stdin:
        entrypoint, parameters = json.loads(line)
        flow: Flow[..., Any] = load_flow_from_entrypoint(entrypoint)
        running = run_flow(flow, parameters=parameters, return_type="state")
        state = asyncio.run(running) if inspect.iscoroutine(running) else running
        assert isinstance(state, State)
        print(state.state_details.flow_run_id, file=answers, flush=True)


if __name__ == "__main__":
    main()
