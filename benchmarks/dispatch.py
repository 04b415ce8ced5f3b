"""How many tiny steps a second are executed and recorded, beside `.map` of plain Prefect.

`python -m benchmarks.dispatch --json --check [--steps 2000] [--map-steps 400] [--slots 16]` starts a
stack of its own. Both execute `true` with as many at once, on the same server. A step of Slipway counts
once its outcome can be read in the ledger; a task of `.map` counts once its client has the result, and
again once the server shows its task run.

The start of a step is late by the time from the end of the one that it needs to the begin of its
command: it is measured in a chain of steps, beside others that last, `--in-flight` of them at once.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path

from benchmarks.bars import Bars, add_options, at_least, at_most, end
from benchmarks.own_stack import OwnStack, own_stack
from stack.api import Json
from tasks.ledger.connection import Ledger, open_ledger
from tasks.ledger.executions import Execution, executions
from tasks.ledger.workloads import workloads

OVER_READABLE, OVER_CLIENT, LATE_SECONDS = 10.0, 1.0, 0.1
MAX_PER_MATRIX = 1000
CHAIN_STEPS, LASTING_SECONDS = 200, 40
_PROJECT = "steps"
_POLL_SECONDS = 0.2
"""As often as the task runs of `.map` are counted: each look takes a core from what is measured."""


def measure(stack: OwnStack, name: str, workload: Json, steps: int) -> list[Execution]:
    """Run ``workload`` and return the executions of its steps, once all have an outcome."""
    ledger = open_ledger(stack.config.resolved_ledger_url())
    try:
        run = stack.api.trigger("run/run", {"project": _PROJECT, "workload": workload})
        done = _all_ended(ledger, steps)
        readable_at = time.time()
        ended = stack.api.wait(run, timeout=600)
        began = min(each.started_at for each in done)
        print(
            f"{name}: {steps} steps in {readable_at - began:.2f} s; "
            f"the flow {(ended.ended_at or 0.0) - (ended.started_at or 0.0):.1f} s, {ended.state_name}"
        )
        return done
    finally:
        ledger.close()


def _all_ended(ledger: Ledger, steps: int) -> list[Execution]:
    """Return the executions of the newest workload once ``steps`` of them have an outcome."""
    deadline = time.monotonic() + 600
    known = {row.id for row in workloads(ledger, _PROJECT)}
    while time.monotonic() < deadline:
        time.sleep(_POLL_SECONDS)
        for row in workloads(ledger, _PROJECT, limit=1):
            if row.id not in known:
                done = executions(ledger, row.id)
                if sum(each.outcome is not None for each in done) >= steps:
                    return done
    raise TimeoutError(f"{steps} steps did not end")


def rate(done: Sequence[Execution]) -> float:
    """Return the steps a second from the first begin to the last end."""
    began = min(each.started_at for each in done)
    ended = max(each.outcome.ended_at for each in done if each.outcome)
    return len(done) / (ended - began)


def plain_map(stack: OwnStack, steps: int, at_once: int) -> Mapping[str, float]:
    """Return the steps a second of `.map`, for its client and until its task runs are shown."""
    argv = [sys.executable, "-m", "benchmarks.plain_map", str(steps), str(at_once)]
    completed = subprocess.run(
        argv,
        env=stack.environment(),
        cwd=Path(__file__).parents[1],
        check=True,
        capture_output=True,
        text=True,
    )
    seconds = json.loads(completed.stdout.splitlines()[-1])
    return {name.removesuffix("_seconds"): steps / took for name, took in seconds.items()}


def lateness(done: Sequence[Execution]) -> float:
    """Return the 99th percentile of the seconds between a step of the chain and the one before it."""
    chain = [each for each in done if each.step.startswith("lone-")]
    ordered = sorted(chain, key=lambda each: each.started_at)
    gaps = sorted(
        after.outcome.started_at - before.outcome.ended_at
        for before, after in pairwise(ordered)
        if before.outcome and after.outcome
    )
    return gaps[int(0.99 * (len(gaps) - 1))]


def tiny(steps: int) -> Json:
    """Return a workload of ``steps`` steps that do nothing."""
    nothing = {"run": ["true"], "demand": {"slots": 1}}
    parts = [
        {"id": f"tiny{first}", "matrix": {"n": list(range(min(MAX_PER_MATRIX, steps - first)))}}
        for first in range(0, steps, MAX_PER_MATRIX)
    ]
    return {"kind": "steps", "steps": [{**nothing, **part} for part in parts]}


def lone(in_flight: int) -> Json:
    """Return a workload of steps that last, and a chain of short ones beside them."""
    lasting = {"id": "lasting", "run": ["sleep", str(LASTING_SECONDS)], "demand": {"slots": 1}}
    chain = [
        {
            "id": f"lone-{number}",
            "run": ["sleep", "0.1"],
            "demand": {"slots": 1},
            "needs": [f"lone-{number - 1}"] if number else [],
        }
        for number in range(CHAIN_STEPS)
    ]
    beside = {**lasting, "matrix": {"n": list(range(in_flight - 1))}}
    return {"kind": "steps", "steps": [beside, *chain]}


def bars(figures: Mapping[str, float]) -> Bars:
    """Return the bars."""
    return {
        "over_map_readable": at_least(figures["over_map_readable"], OVER_READABLE),
        "over_map_client": at_least(figures["over_map_client"], OVER_CLIENT),
        "late_p99_seconds": at_most(figures["late_p99_seconds"], LATE_SECONDS),
    }


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; with `--check` 1 where a bar is missed."""
    parser = argparse.ArgumentParser(description="tiny steps a second")
    add_options(parser)
    parser.add_argument("--steps", type=int, default=2000)
    parser.add_argument("--map-steps", type=int, default=400)
    parser.add_argument("--slots", type=int, default=16)
    parser.add_argument("--in-flight", type=int, default=50)
    options = parser.parse_args(arguments)
    with own_stack() as stack:
        provider = {"kind": "shell", "cpus": 64, "memory_mib": 100_000}
        source = stack.folder / _PROJECT
        source.mkdir()
        (source / "README").write_text("Nothing to serve.\n", encoding="utf-8")
        stack.configure(
            {
                "projects": {_PROJECT: {"source": str(source), "kind": "procfile"}},
                "environments": {"dev": {}},
                "providers": {"local": {**provider, "slots": options.slots}},
            }
        )
        measure(stack, "first", tiny(20), 20)
        done = measure(stack, "tiny", tiny(options.steps), options.steps)
        plain = plain_map(stack, options.map_steps, options.slots)
        stack.configure({"providers": {"local": {**provider, "slots": options.in_flight}}})
        steps = options.in_flight - 1 + CHAIN_STEPS
        late = measure(stack, "lone", lone(options.in_flight), steps)
    figures = {
        "steps_per_second": round(rate(done), 1),
        "map_client_per_second": round(plain["client"], 1),
        "map_readable_per_second": round(plain["readable"], 1),
        "over_map_client": round(rate(done) / plain["client"], 2),
        "over_map_readable": round(rate(done) / plain["readable"], 2),
        "late_p99_seconds": round(lateness(late), 3),
    }
    for name, value in figures.items():
        print(f"{name:26} {value:g}")
    described = {"benchmark": "dispatch", "steps": options.steps, **figures}
    return end(options, described, bars(figures))


if __name__ == "__main__":
    sys.exit(main())
