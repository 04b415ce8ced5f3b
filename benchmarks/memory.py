"""The memory that a stack at rest takes, by process.

`python -m benchmarks.memory --json --check` starts a stack of its own, has it run a few operations, lets
it rest, and adds up the share of memory of each of its processes (PSS: what several share is divided
among them). It needs Linux.
"""

from __future__ import annotations

import argparse
import re
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import psutil

from benchmarks.bars import Bars, add_options, at_most, end
from benchmarks.trigger import measure, stack
from stack.api import SlipwayApi
from stack.record import STOP_ORDER, read_record
from tasks.home import Home

IDLE_MIB = 450.0
"""What the whole stack may take at rest."""

_RUNS = 3
_REST_SECONDS = 20.0
_NAMES = {
    "multiprocessing.resource_tracker": "resource tracker",
    "multiprocessing.forkserver": "fork server",
    "slipway fork server": "fork server",
    "stack.supervisor": "supervisor",
    "stack.server": "server",
    "stack.worker": "worker",
    "stack.reconciler": "reconciler",
    "stack.reads": "reads",
    "caddy": "router",
}
_PSS = re.compile(r"^Pss:\s+(\d+) kB", re.MULTILINE)


def name_of(command: str) -> str:
    """Return which part of the stack runs ``command``; the command where that is unknown."""
    return next((name for text, name in _NAMES.items() if text in command), command[:40])


def share_mib(rollup: str) -> float:
    """Return the proportional share of memory in the text of a process's ``smaps_rollup``."""
    share = _PSS.search(rollup)
    return int(share.group(1)) / 1024 if share else 0.0


def shares(home: Home) -> dict[str, float]:
    """Return the MiB of each part of the stack in ``home``, the process of each and its children."""
    taken: dict[str, float] = {}
    for process in processes(home):
        try:
            name = name_of(" ".join(process.cmdline()))
            share = share_mib(Path(f"/proc/{process.pid}/smaps_rollup").read_text())
        except (psutil.Error, OSError):
            continue  # it has ended meanwhile
        taken[name] = taken.get(name, 0.0) + share
    return taken


def processes(home: Home) -> list[psutil.Process]:
    """Return the processes of the parts of the stack in ``home``, and all below them."""
    records = (read_record(home.record(program)) for program in STOP_ORDER)
    parts = [psutil.Process(record.pid) for record in records if record]
    below = [child for part in parts for child in part.children(recursive=True)]
    return list({process.pid: process for process in [*parts, *below]}.values())


def bars(taken: Mapping[str, float]) -> Bars:
    """Return the bar of all parts together."""
    return {"idle_mib": at_most(round(sum(taken.values()), 1), IDLE_MIB)}


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; with `--check` 1 where the bar is missed."""
    parser = argparse.ArgumentParser(description="memory of a stack at rest")
    add_options(parser)
    options = parser.parse_args(arguments)
    with stack() as config:
        with SlipwayApi.of(config) as api:
            for _ in range(_RUNS):
                measure(api, "status/status")
        time.sleep(_REST_SECONDS)
        taken = shares(Home(config.root))
    for name, mib in sorted(taken.items(), key=lambda part: -part[1]):
        print(f"{name:18} {mib:6.1f} MiB")
    print(f"{'together':18} {sum(taken.values()):6.1f} MiB")
    return end(options, {"benchmark": "memory", "mib": taken}, bars(taken))


if __name__ == "__main__":
    sys.exit(main())
