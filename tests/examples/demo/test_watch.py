"""A flow run, from its start to its end, in lines."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from examples.demo.errors import DemoError
from examples.demo.watch import SHOWN_TASKS, FlowRun, Watch

Json = dict[str, Any]


@dataclass(frozen=True)
class Run:
    """A flow run in one state."""

    state_name: str
    message: str = ""
    name: str = "ship-guestbook"

    @property
    def finished(self) -> bool:
        """Whether it will not change any more."""
        return self.state_name in {"Completed", "Failed"}

    @property
    def succeeded(self) -> bool:
        """Whether it completed."""
        return self.state_name == "Completed"


class FakeApi:
    """Goes through states and task runs, one a question."""

    def __init__(self, states: list[Run], task_runs: list[list[Json]], logs: list[Json]) -> None:
        self._states, self._task_runs, self._logs = states, task_runs, logs
        self.triggered: list[tuple[str, Mapping[str, Any] | None]] = []

    def trigger(
        self,
        deployment: str,
        parameters: Mapping[str, Any] | None = None,
        idempotency_key: str | None = None,
    ) -> str:
        """Remember what was started."""
        self.triggered.append((deployment, parameters))
        return "run-1"

    def state(self, flow_run_id: str) -> FlowRun:
        """Give the next state, the last one for ever."""
        return self._states.pop(0) if len(self._states) > 1 else self._states[0]

    def task_runs(self, flow_run_id: str) -> list[Json]:
        """Give the next task runs, the last ones for ever."""
        return self._task_runs.pop(0) if len(self._task_runs) > 1 else self._task_runs[0]

    def logs(self, flow_run_id: str) -> list[Json]:
        """Give the logs."""
        return self._logs

    def artifacts(self, flow_run_id: str) -> list[Json]:
        """Give none."""
        return []


def _task(name: str, state: str = "COMPLETED", end: str = "2026-01-01T00:00:00Z") -> Json:
    return {
        "id": name,
        "name": name,
        "state_type": state,
        "state_name": state.title(),
        "total_run_time": 1.25,
        "end_time": end,
    }


def _watch(api: FakeApi) -> tuple[Watch, list[str]]:
    lines: list[str] = []
    return Watch(api, lines.append, poll_seconds=0), lines


def test_every_change_is_one_line() -> None:
    """The demo would be silent, or flood the terminal."""
    running = [_task("build"), _task("shard 2", "RUNNING")]
    done = [_task("build"), _task("shard 2", end="2026-01-01T00:00:01Z")]
    states = [Run("Pending"), Run("Running"), Run("Running"), Run("Completed")]
    api = FakeApi(states, [[], running, running, done], [])
    watch, lines = _watch(api)
    assert watch.run("ship/ship", {"project": "guestbook"}) == "run-1"
    assert api.triggered == [("ship/ship", {"project": "guestbook"})]
    assert lines == [
        "  ship-guestbook: Pending",
        "    build: ok (1.2 s)",
        "  ship-guestbook: Running",
        "    shard 2: ok (1.2 s)",
        "  ship-guestbook: Completed",
    ]


def test_many_task_runs_are_cut_short() -> None:
    """A workload of a thousand steps would flood the terminal."""
    many = [_task(f"step {number:03}") for number in range(SHOWN_TASKS + 30)]
    watch, lines = _watch(FakeApi([Run("Completed")], [many], []))
    watch.run("run/run", {})
    assert len(lines) == SHOWN_TASKS + 2
    assert "    ... and more: see the UI" in lines


def test_a_failure_says_why() -> None:
    """The demo would end without a reason."""
    logs = [
        {"level": 20, "message": "building"},
        {"level": 40, "message": "no such command\nTraceback"},
    ]
    states = [Run("Failed", "1 test failed")]
    watch, lines = _watch(FakeApi(states, [[_task("shard 1", "FAILED")]], logs))
    with pytest.raises(DemoError, match="ship/ship ended as Failed: 1 test failed"):
        watch.run("ship/ship", {})
    assert "    shard 1: Failed (1.2 s)" in lines
    assert lines[-2:] == ["    | no such command", "    | Traceback"]


def test_a_flow_that_does_not_end_is_given_up() -> None:
    """The demo would hang for ever."""
    watch, _ = _watch(FakeApi([Run("Running")], [[]], []))
    with pytest.raises(DemoError, match="still Running"):
        watch.run("ship/ship", {}, timeout=0)
