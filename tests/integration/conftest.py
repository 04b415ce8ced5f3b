"""The fixture of one whole stack for all tests of this folder, with a home and ports of its own."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import psutil
import pytest
import yaml

from benchmarks.free_ports import free_ports
from stack.api import Json, SlipwayApi
from stack.environment import MARK
from stack.flow_run import FlowRun
from tasks.settings import Settings
from tests.integration.flow_process import FlowProcess
from tests.prefect_database import copy_into

ROOT = Path(__file__).parents[2]
NAMES = (
    "home",
    "server_port",
    "router_port",
    "router_slots",
    "service_port_low",
    "service_port_high",
)

_RUNNING = ExitStack()
"""Ends the stack that tests of this folder use in this process."""


@dataclass(frozen=True)
class Stack:
    """A stack that runs everything of ``prefect.yaml``; it is used over its API."""

    config: Settings
    folder: Path
    api: SlipwayApi
    flows: FlowProcess

    @property
    def environment(self) -> dict[str, str]:
        """Return the variables under which a command meets this stack."""
        own = {f"SLIPWAY_{name.upper()}": str(getattr(self.config, name)) for name in NAMES}
        return {**os.environ, **own}

    def make(self, module: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run ``python -m <module>`` of this repository, as make does."""
        return subprocess.run(
            [sys.executable, "-m", module, *arguments],
            cwd=ROOT,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )

    def run(self, deployment: str, timeout: float = 300, **parameters: Any) -> FlowRun:
        """Have the deployment of an operation run with ``parameters`` and return how it ended."""
        return self.api.wait(self.api.trigger(f"{deployment}/{deployment}", parameters), timeout)

    def done(self, deployment: str, **parameters: Any) -> FlowRun:
        """As ``run``, for what must succeed; otherwise its log is shown."""
        return self._succeeded(self.run(deployment, **parameters))

    def run_here(self, deployment: str, **parameters: Any) -> FlowRun:
        """As ``run``, in a process that exists: for tests that do not look at how a run starts."""
        entrypoint = self.api.deployment(f"{deployment}/{deployment}")["entrypoint"]
        return self.api.wait(self.flows.run(entrypoint, parameters))

    def done_here(self, deployment: str, **parameters: Any) -> FlowRun:
        """As ``run_here``, for what must succeed."""
        return self._succeeded(self.run_here(deployment, **parameters))

    def _succeeded(self, run: FlowRun) -> FlowRun:
        assert run.succeeded, "\n".join([run.message, *self.log_lines(run)])
        return run

    def log_lines(self, run: FlowRun) -> list[str]:
        """Return the lines that a flow run has logged; they reach the server with a delay."""
        deadline = time.monotonic() + 30
        while True:
            logs = self.api.logs(run.id)
            own = [record["message"] for record in logs if not record["task_run_id"]]
            has_ended = any(line.startswith("Finished in state") for line in own)
            if has_ended or time.monotonic() > deadline:
                return [record["message"] for record in logs]
            time.sleep(0.2)

    def configure(self, name: str, configuration: Json) -> FlowRun:
        """Have the blocks of a ``slipway.yaml`` of this name saved by the flow ``configure``."""
        path = self.folder / f"{name}.yaml"
        path.write_text(yaml.safe_dump(configuration))
        path.chmod(0o600)
        return self.done_here("configure", file=str(path))

    def processes(self) -> list[psutil.Process]:
        """Return every process on this machine that was started by this stack."""
        processes = []
        for process in psutil.process_iter():
            try:
                marks = process.environ()
            except psutil.Error:
                continue
            if marks.get("SLIPWAY_HOME") == str(self.config.root) and MARK in marks:
                processes.append(process)
        return processes


@contextmanager
def _running(folder: Path, prefect_database: Path) -> Iterator[Stack]:
    """Start a stack with all deployments; at the end nothing that it started may be left."""
    first = free_ports(200)
    config = Settings(
        home=folder / "home",
        server_port=first,
        router_port=first + 10,
        router_slots=20,
        service_port_low=first + 50,
        service_port_high=first + 199,
    )
    with SlipwayApi(config.api_url) as nobody:
        stack = Stack(config, folder, nobody, FlowProcess(config, folder / "flows.log", os.environ))
    copy_into(config.root, prefect_database)
    try:
        up = stack.make("stack.up")
        assert up.returncode == 0, up.stderr
        with SlipwayApi.of(config, patience_seconds=150) as api:
            yield replace(stack, api=api)
    finally:
        stack.flows.close()
        stack.make("stack.down", "--all")
    assert [process.cmdline() for process in stack.processes()] == []


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory, prefect_database: Path) -> Iterator[Stack]:
    """Give the stack of this worker, which ends with the last test of this folder there."""
    with _RUNNING:
        folder = tmp_path_factory.mktemp("stack")
        yield _RUNNING.enter_context(_running(folder, prefect_database))


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_teardown(nextitem: pytest.Item | None) -> Iterator[None]:
    """End the stack when another folder's turn comes: it would take a quarter of a core till the end."""
    yield
    if nextitem is None or Path(__file__).parent not in nextitem.path.parents:
        _RUNNING.close()
