"""What plain Prefect does: `.map` over a program that does nothing, on the server of PREFECT_API_URL.

`python -m benchmarks.plain_map STEPS AT_ONCE` prints two figures as JSON: the seconds until the
client has all results, and until the server shows all task runs as completed.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from typing import Any
from uuid import UUID

from prefect import flow, runtime, task
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import (
    FlowRunFilter,
    FlowRunFilterId,
    TaskRunFilter,
    TaskRunFilterState,
    TaskRunFilterStateType,
)
from prefect.client.schemas.objects import StateType
from prefect.task_runners import ThreadPoolTaskRunner

_PATIENCE_SECONDS = 600.0


@task
def nothing(_number: int) -> None:
    """Run a program that does nothing."""
    subprocess.run(["true"], check=True)


@flow
def mapped(steps: int) -> tuple[float, str]:
    """Map over ``steps`` numbers; return the seconds that it took, and the run's id."""
    began = time.perf_counter()
    nothing.map(range(steps)).result()
    return time.perf_counter() - began, str(runtime.flow_run.id)


def readable(run: str, steps: int) -> None:
    """Return once the server shows ``steps`` completed task runs of ``run``."""
    of_run = FlowRunFilter(id=FlowRunFilterId(any_=[UUID(run)]))
    completed = TaskRunFilterStateType(any_=[StateType.COMPLETED])
    ended = TaskRunFilter(state=TaskRunFilterState(type=completed))
    deadline = time.monotonic() + _PATIENCE_SECONDS
    with get_client(sync_client=True) as client:
        while time.monotonic() < deadline:
            body = {
                "flow_runs": of_run.model_dump(mode="json"),
                "task_runs": ended.model_dump(mode="json"),
            }
            if client._client.post("/task_runs/count", json=body).json() >= steps:  # noqa: SLF001 - it has no such call
                return
            time.sleep(0.2)
    raise TimeoutError(f"the server does not show {steps} task runs")


def main() -> None:
    """Measure and print."""
    steps, at_once = int(sys.argv[1]), int(sys.argv[2])
    runner: Any = ThreadPoolTaskRunner(max_workers=at_once)
    began = time.perf_counter()
    client_seconds, run = mapped.with_options(task_runner=runner)(steps)
    readable(run, steps)
    figures = {
        "client_seconds": client_seconds,
        "readable_seconds": time.perf_counter() - began,
    }
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
