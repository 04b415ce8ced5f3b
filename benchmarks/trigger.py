"""The time from the API call that starts a flow to its first line, and to its end.

`python -m benchmarks.trigger --json --check [--runs 5] [--deployment status/status]` measures the running
stack, or one of its own that it starts and removes again. The bar: 3 s to the first line (median).

The first line is taken from the flow run's `start_time`, which the engine reports when it enters
Running, right before it calls the flow's function. It is the server's record of that state and so
comes from this machine's clock, as does the time of the call.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.bars import Bars, add_options, at_most, end
from benchmarks.free_ports import free_ports
from stack.api import SlipwayApi
from tasks.errors import SlipwayError
from tasks.settings import Settings, settings

BAR_SECONDS = 3.0


@dataclass(frozen=True, slots=True)
class Timing:
    """Seconds from the call to the flow's first line, and to its final state."""

    first_line: float
    completed: float


def measure(api: SlipwayApi, deployment: str) -> Timing:
    """Trigger ``deployment`` once and wait for its end.

    Raises:
        SlipwayError: The run did not complete.
    """
    called_at = time.time()
    run = api.wait(api.trigger(deployment), timeout=120)
    if not run.succeeded or run.started_at is None or run.ended_at is None:
        raise SlipwayError(f"{deployment} ended {run.state_name}: {run.message}")
    return Timing(run.started_at - called_at, run.ended_at - called_at)


def summary(deployment: str, timings: list[Timing]) -> dict[str, object]:
    """Return the figures of the benchmark as one JSON object."""
    first = [timing.first_line for timing in timings]
    completed = [timing.completed for timing in timings]
    return {
        "benchmark": "trigger",
        "deployment": deployment,
        "runs": len(timings),
        "first_line_median_seconds": round(statistics.median(first), 3),
        "first_line_max_seconds": round(max(first), 3),
        "completed_median_seconds": round(statistics.median(completed), 3),
        "completed_max_seconds": round(max(completed), 3),
    }


def bars(first_line_median_seconds: float) -> Bars:
    """Return the bar of the time from the call to the flow's first line."""
    return {"first_line_median_seconds": at_most(first_line_median_seconds, BAR_SECONDS)}


@contextmanager
def stack(public_ports: int = 2) -> Iterator[SlipwayApi]:
    """Give a client of the stack that runs; else start one in a folder of its own, and end it."""
    with SlipwayApi.of(patience_seconds=10) as running:
        if running.healthy():
            yield running
            return
    with tempfile.TemporaryDirectory(prefix="slipway-trigger-") as folder:
        port = free_ports(1 + public_ports)
        given = {
            "home": folder,
            "server_port": port,
            "router_port": port + 1,
            "router_slots": public_ports,
        }
        own = {f"SLIPWAY_{name.upper()}": str(value) for name, value in given.items()}
        try:
            _run("stack.up", own)
            with SlipwayApi.of(
                Settings.model_validate({**settings().model_dump(), **given})
            ) as api:
                yield api
        finally:
            _run("stack.down", own)


def _run(module: str, variables: dict[str, str]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", module],
        env={**os.environ, **variables},
        cwd=Path(__file__).parents[1],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise SlipwayError(f"{module} failed: {done.stderr}")


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; with `--check` 1 where the bar is missed."""
    parser = argparse.ArgumentParser(description="API call to first line and to Completed")
    add_options(parser)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--deployment", default="status/status")
    options = parser.parse_args(arguments)
    with stack() as api:
        measure(api, options.deployment)  # the first run of a stack writes caches
        timings = [measure(api, options.deployment) for _ in range(options.runs)]
    for number, timing in enumerate(timings, 1):
        print(f"run {number}: first line {timing.first_line:.2f} s, end {timing.completed:.2f} s")
    median = statistics.median(timing.first_line for timing in timings)
    print(f"median: first line {median:.2f} s")
    return end(options, summary(options.deployment, timings), bars(round(median, 3)))


if __name__ == "__main__":
    sys.exit(main())
