"""What grows while a stack executes many flow runs: memory, descriptors, processes.

`python -m benchmarks.soak --json --check [--runs 2000] [--at-once 4]` starts a stack of its own, has it
execute `status` so often, and compares what its processes take after the first tenth of the runs with
what they take after the last. The first tenth fills caches. It needs Linux.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import psutil

from benchmarks.bars import Bars, add_options, at_most, end
from benchmarks.memory import processes, shares
from benchmarks.trigger import stack
from stack.api import SlipwayApi
from tasks.home import Home

GROWTH_MIB = 40.0
"""How much more memory may be taken after all runs than after the first tenth of them.

The database of the server, whose pages it keeps, grows with the runs that it holds."""
_REST_SECONDS = 15.0
_WAIT_SECONDS = 600.0


@dataclass(frozen=True, slots=True)
class Taken:
    """What the processes of a stack take at one moment."""

    mib: dict[str, float]
    descriptors: int
    processes: int

    @property
    def total_mib(self) -> float:
        """The memory of all."""
        return sum(self.mib.values())


def taken(home: Home) -> Taken:
    """Return what the stack in ``home`` takes, once it is at rest."""
    time.sleep(_REST_SECONDS)
    of_stack = processes(home)
    return Taken(shares(home), sum(map(_descriptors, of_stack)), len(of_stack))


def _descriptors(process: psutil.Process) -> int:
    try:
        return len(list(Path(f"/proc/{process.pid}/fd").iterdir()))
    except OSError:  # it has ended meanwhile
        return 0


def execute(api: SlipwayApi, runs: int, at_once: int) -> Counter[str]:
    """Have ``runs`` runs executed, so many at once; return how many ended in which state."""

    def one(_number: int) -> str:
        return api.wait(api.trigger("status/status"), timeout=_WAIT_SECONDS).state_name

    with ThreadPoolExecutor(at_once) as pool:
        return Counter(pool.map(one, range(runs)))


def bars(before: Taken, after: Taken, ends: Counter[str]) -> Bars:
    """Return the bars: nothing grows without end, and every run completes."""
    return {
        "growth_mib": at_most(round(after.total_mib - before.total_mib, 1), GROWTH_MIB),
        "more_descriptors": at_most(after.descriptors - before.descriptors, 10),
        "more_processes": at_most(after.processes - before.processes, 0),
        "not_completed": at_most(sum(ends.values()) - ends["Completed"], 0),
    }


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; with `--check` 1 where a bar is missed."""
    parser = argparse.ArgumentParser(description="growth over many flow runs")
    add_options(parser)
    parser.add_argument("--runs", type=int, default=2000)
    parser.add_argument("--at-once", type=int, default=4)
    options = parser.parse_args(arguments)
    tenth = max(1, options.runs // 10)
    with stack() as config, SlipwayApi.of(config, patience_seconds=60) as api:
        home = Home(config.root)
        ends = execute(api, tenth, options.at_once)
        before = taken(home)
        began = time.monotonic()
        ends += execute(api, options.runs - tenth, options.at_once)
        seconds = time.monotonic() - began
        after = taken(home)
    for name, mib in sorted(after.mib.items()):
        print(f"{name:18} {before.mib.get(name, 0.0):6.1f} -> {mib:6.1f} MiB")
    print(f"{'descriptors':18} {before.descriptors:6} -> {after.descriptors:6}")
    print(f"{'processes':18} {before.processes:6} -> {after.processes:6}")
    print(f"{options.runs - tenth} runs in {seconds:.0f} s: {dict(ends)}")
    figures = {
        "benchmark": "soak",
        "runs": options.runs,
        "mib_before": round(before.total_mib, 1),
        "mib_after": round(after.total_mib, 1),
        "runs_per_second": round((options.runs - tenth) / seconds, 2),
    }
    return end(options, figures, bars(before, after, ends))


if __name__ == "__main__":
    sys.exit(main())
