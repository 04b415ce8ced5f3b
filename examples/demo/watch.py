"""Starts a flow run over the API and reports its progress until it has finished."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol

from examples.demo.console import Say
from examples.demo.errors import DemoError

Json = dict[str, Any]

FINISHED = frozenset({"COMPLETED", "FAILED", "CRASHED", "CANCELLED"})
SHOWN_TASKS = 40
SHOWN_LOGS = 15
QUIET_SECONDS = 20.0
WARNING = 30


class FlowRun(Protocol):
    """What is read of a flow run."""

    @property
    def name(self) -> str:
        """Its name in the UI."""

    @property
    def state_name(self) -> str:
        """Its state, in words."""

    @property
    def message(self) -> str:
        """What its state says."""

    @property
    def finished(self) -> bool:
        """Whether it will not change any more."""

    @property
    def succeeded(self) -> bool:
        """Whether it completed."""


class Api(Protocol):
    """What the demo needs of the client of the Prefect API."""

    def trigger(
        self,
        deployment: str,
        parameters: Mapping[str, Any] | None = None,
        idempotency_key: str | None = None,
    ) -> str:
        """Start a flow run and return its id."""

    def state(self, flow_run_id: str) -> FlowRun:
        """Return the flow run as it is now."""

    def logs(self, flow_run_id: str) -> list[Json]:
        """Return its log records."""

    def artifacts(self, flow_run_id: str) -> list[Json]:
        """Return its artifacts."""

    def task_runs(self, flow_run_id: str) -> list[Json]:
        """Return its task runs."""


class Watch:
    """Runs flows, one at a time, and says what happens as it happens."""

    def __init__(self, api: Api, say: Say, poll_seconds: float = 1.0) -> None:
        self._api, self._say, self._poll_seconds = api, say, poll_seconds

    def run(self, deployment: str, parameters: Mapping[str, Any], timeout: float = 900) -> str:
        """Run ``deployment`` to its end and return the flow run's id.

        Raises:
            DemoError: It did not complete, or not in ``timeout`` seconds; its last log lines have
                been printed.
        """
        flow_run_id = self._api.trigger(deployment, parameters)
        flow_run = self._follow(flow_run_id, time.monotonic() + timeout)
        if not flow_run.succeeded:
            for line in self._last_logs(flow_run_id):
                self._say(f"    | {line}")
            raise DemoError(f"{deployment} ended as {flow_run.state_name}: {flow_run.message}")
        return flow_run_id

    def _follow(self, flow_run_id: str, deadline: float) -> FlowRun:
        seen, state, spoken = _Seen(), "", time.monotonic()
        while True:
            flow_run = self._api.state(flow_run_id)
            lines = list(seen.news(self._api.task_runs(flow_run_id)))
            if flow_run.state_name != state:
                state = flow_run.state_name
                lines.append(f"  {flow_run.name}: {state}")
            elif time.monotonic() - spoken > QUIET_SECONDS:
                lines.append(f"  {flow_run.name}: still {state}")
            for line in lines:
                self._say(line)
                spoken = time.monotonic()
            if flow_run.finished:
                return flow_run
            if time.monotonic() > deadline:
                raise DemoError(f"{flow_run.name} is still {state}; it was given up")
            time.sleep(self._poll_seconds)

    def _last_logs(self, flow_run_id: str) -> Sequence[str]:
        records = self._api.logs(flow_run_id)
        telling = [record for record in records if record.get("level", 0) >= WARNING] or records
        return [line for record in telling[-SHOWN_LOGS:] for line in _lines(record)][
            -3 * SHOWN_LOGS :
        ]


class _Seen:
    """Which task runs have been spoken of, so that each end is told once."""

    def __init__(self) -> None:
        self._told: set[str] = set()

    def news(self, task_runs: Sequence[Json]) -> Iterator[str]:
        """Give a line for each task run that has ended since; after many of them, no more."""
        for task_run in sorted(task_runs, key=lambda run: str(run.get("end_time") or "")):
            state = task_run.get("state_type")
            if state not in FINISHED or task_run["id"] in self._told:
                continue
            self._told.add(task_run["id"])
            if len(self._told) <= SHOWN_TASKS:
                yield _task_line(task_run)
            elif len(self._told) == SHOWN_TASKS + 1:
                yield "    ... and more: see the UI"


def _task_line(task_run: Json) -> str:
    mark = "ok" if task_run.get("state_type") == "COMPLETED" else task_run.get("state_name") or "?"
    seconds = float(task_run.get("total_run_time") or 0)
    return f"    {task_run.get('name')}: {mark} ({seconds:.1f} s)"


def _lines(record: Json) -> list[str]:
    return str(record.get("message", "")).splitlines() or [""]
