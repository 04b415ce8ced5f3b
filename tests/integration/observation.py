"""Helpers that observe a flow run over the API, and among the processes of this machine."""

from __future__ import annotations

import time
import urllib.request
from collections.abc import Callable, Collection
from contextlib import suppress

import psutil

from stack.api import Json
from stack.runs.flow_process import ENGINE
from tasks.run_process import run_id_of, titled_run
from tests.integration.conftest import Stack

PATIENCE_SECONDS = 120.0
KINDS = {
    *("actual-chart", "address", "allocation", "backup", "estimate", "pareto", "pareto-chart"),
    *("plan", "plan-chart", "replay", "restore", "rollout", "ship", "split", "status"),
    *("strategies", "what-if", "workload"),
}
"""Kinds of artifacts whose keys carry the names of what they are about."""


def eventually(condition: Callable[[], bool], problem: str) -> None:
    """Wait for an effect of another process."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, problem
        time.sleep(0.05)


def ended_task_runs(stack: Stack, flow_run: str, names: Collection[str]) -> dict[str, Json]:
    """Return the task runs of a flow run by name, once those of ``names`` have ended there.

    The server shows the last ones of a flow run that is over with a delay.
    """
    task_runs: dict[str, Json] = {}

    def shown() -> bool:
        task_runs.update({each["name"]: each for each in stack.api.task_runs(flow_run)})
        ended = {name for name, each in task_runs.items() if each["end_time"]}
        return set(names) <= ended

    eventually(shown, f"no such task runs: {sorted(names)}")
    return task_runs


def states(stack: Stack, task_run: Json) -> list[str]:
    """Return the names of the states that a task run has gone through, the first one first."""
    recorded = stack.api.call("GET", f"/task_run_states/?task_run_id={task_run['id']}")
    return [each["name"] for each in sorted(recorded, key=lambda each: str(each["timestamp"]))]


def artifacts(stack: Stack, flow_run: str) -> dict[str, Json]:
    """Return the artifacts of a flow run by key, and by kind: what a key begins with."""
    by_key = {each["key"]: each for each in stack.api.artifacts(flow_run) if each["key"]}
    return {kind_of(key): each for key, each in by_key.items()} | by_key


def kind_of(key: str) -> str:
    """Return the kind of artifact that has ``key``: `plan-chart` of `plan-chart-shop-tests`."""
    words = key.split("-")
    kinds = ("-".join(words[:count]) for count in (2, 1))
    return next((kind for kind in kinds if kind in KINDS), key)


def says(stack: Stack, flow_run: str, text: str) -> str:
    """Return the first log line of a flow run with ``text`` in it, as soon as there is one."""
    lines: list[str] = []

    def said() -> bool:
        lines[:] = [each["message"] for each in stack.api.logs(flow_run) if text in each["message"]]
        return bool(lines)

    eventually(said, f"no log line with {text}")
    return lines[0]


def engine(flow_run: str) -> psutil.Process:
    """Return the process that executes a flow run."""
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            command = process.cmdline()
            if titled_run(command) == flow_run or (
                ENGINE in command and run_id_of(process) == flow_run
            ):
                return process
    raise AssertionError(f"nothing executes {flow_run}")


def marked(name: str, value: str) -> list[psutil.Process]:
    """Return the processes in whose environment ``name`` is ``value``."""
    processes = []
    for process in psutil.process_iter():
        try:
            if process.environ().get(name) == value:
                processes.append(process)
        except psutil.Error:
            continue
    return processes


def answer(url: str) -> str:
    """Return what is answered at ``url``."""
    with urllib.request.urlopen(url, timeout=30) as response:
        body: bytes = response.read()
    return body.decode()
