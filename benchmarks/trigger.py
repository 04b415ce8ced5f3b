"""The time from the API call that starts a flow to its first line, and to its end.

`python -m benchmarks.trigger --json --check [--runs 10] [--deployment status/status] [--at-once 20]
[--launches 10]` measures the running stack, or one of its own that it starts and removes again. Beside
the runs that are forked it shows some that are started as new processes, as Prefect's worker does.

The first line is taken from the flow run's `start_time`, which the engine reports when it enters
Running, right before it calls the flow's function. It is the server's record of that state and so
comes from this machine's clock, as does the time of the call.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from benchmarks.bars import Bars, add_options, at_most, end
from benchmarks.bursts import at_once, beside_launches
from benchmarks.free_ports import free_ports
from benchmarks.own_stack import started
from stack.api import SlipwayApi
from tasks.errors import SlipwayError
from tasks.settings import Settings, settings

FIRST_LINE_MEDIAN_SECONDS = 0.6
FIRST_LINE_MAX_SECONDS = 1.0
COMPLETED_SECONDS = 1.2
AT_ONCE_LAST_SECONDS = 8.0
CRITICAL_FIRST_LINE_SECONDS = 1.5


@dataclass(frozen=True, slots=True)
class Timing:
    """Seconds from the call to the flow's first line, and to its final state."""

    first_line: float
    completed: float


def measure(api: SlipwayApi, deployment: str, *, new_process: bool = False) -> Timing:
    """Trigger ``deployment`` once and wait for its end.

    Raises:
        SlipwayError: The run did not complete.
    """
    called_at = time.time()
    run = api.wait(_requested(api, deployment, new_process=new_process), timeout=120)
    if not run.succeeded or run.started_at is None or run.ended_at is None:
        raise SlipwayError(f"{deployment} ended {run.state_name}: {run.message}")
    return Timing(run.started_at - called_at, run.ended_at - called_at)


def _requested(api: SlipwayApi, deployment: str, *, new_process: bool) -> str:
    if not new_process:
        return api.trigger(deployment)
    # A run with variables of its own is never forked.
    path = f"/deployments/{api.deployment(deployment)['id']}/create_flow_run"
    body = {"job_variables": {"env": {"OWN": "1"}}}
    return str(api.call("POST", path, body)["id"])


def figures(timings: Sequence[Timing]) -> dict[str, float]:
    """Return the medians and the slowest of some runs, in seconds."""
    first = [timing.first_line for timing in timings]
    completed = [timing.completed for timing in timings]
    return {
        "first_line_median_seconds": round(statistics.median(first), 3),
        "first_line_max_seconds": round(max(first), 3),
        "completed_median_seconds": round(statistics.median(completed), 3),
        "completed_max_seconds": round(max(completed), 3),
    }


def bars(measured: Mapping[str, float]) -> Bars:
    """Return the bars of what was measured."""
    limits = {
        "first_line_median_seconds": FIRST_LINE_MEDIAN_SECONDS,
        "first_line_max_seconds": FIRST_LINE_MAX_SECONDS,
        "completed_median_seconds": COMPLETED_SECONDS,
        "at_once_last_seconds": AT_ONCE_LAST_SECONDS,
        "critical_first_line_seconds": CRITICAL_FIRST_LINE_SECONDS,
    }
    return {
        name: at_most(measured[name], limit) for name, limit in limits.items() if name in measured
    }


@contextmanager
def stack(public_ports: int = 2) -> Iterator[Settings]:
    """Give the settings of the stack that runs; else start one in a folder of its own, and end it."""
    with SlipwayApi.of(patience_seconds=10) as running:
        if running.healthy():
            yield settings()
            return
    with tempfile.TemporaryDirectory(prefix="slipway-trigger-") as folder:
        port = free_ports(1 + public_ports)
        given = {
            "home": folder,
            "server_port": port,
            "router_port": port + 1,
            "router_slots": public_ports,
        }
        with started(given) as config:
            yield config


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; with `--check` 1 where a bar is missed."""
    parser = argparse.ArgumentParser(description="API call to first line and to Completed")
    add_options(parser)
    parser.add_argument("--runs", type=int, default=10)
    parser.add_argument("--deployment", default="status/status")
    parser.add_argument("--at-once", type=int, default=20, help="0 leaves them out")
    parser.add_argument("--launches", type=int, default=10, help="0 leaves them out")
    options = parser.parse_args(arguments)
    with stack() as config, SlipwayApi.of(config) as api:
        measure(api, options.deployment)  # the first run of a stack writes caches
        measured = figures([measure(api, options.deployment) for _ in range(options.runs)])
        stock = figures(
            [
                measure(api, options.deployment, new_process=True)
                for _ in range(min(3, options.runs))
            ]
        )
        if options.at_once:
            seconds = at_once(config, options.deployment, options.at_once)
            measured["at_once_last_seconds"] = round(max(seconds), 3)
        if options.launches:
            seconds_beside = beside_launches(config, options.launches)
            measured["critical_first_line_seconds"] = round(seconds_beside, 3)
    for name, value in measured.items():
        beside = f"  (new process: {stock[name]:.2f} s)" if name in stock else ""
        print(f"{name.removesuffix('_seconds'):22} {value:6.2f} s{beside}")
    return end(options, {"benchmark": "trigger", **measured, "new_process": stock}, bars(measured))


if __name__ == "__main__":
    sys.exit(main())
