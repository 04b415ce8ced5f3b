"""The cost of a shim: CPU to start, memory, and CPU while its service is idle.

`python -m benchmarks.shim --json --check [--shims 20] [--seconds 20]`; Linux, as it reads /proc.
The start is held against a Python that does nothing, started in turn with the shims.
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from benchmarks.bars import Bars, add_options, at_most, end
from blocks.providers.process import detached

IDLE_PERCENT = 0.02
START_RATIO = 3.0
MEMORY_RATIO = 2.0
SETTLING_SECONDS = 8.0
NS_A_SECOND = 1e9
NOTHING = (sys.executable, "-I", "-S", "-c", "import sys; print(flush=True); sys.stdin.read()")


def cpu_seconds(pid: int) -> float:
    """Return the CPU time of a process' only thread so far."""
    return int(Path(f"/proc/{pid}/schedstat").read_text(encoding="ascii").split()[0]) / NS_A_SECOND


def private_mib(pid: int) -> float:
    """Return the memory of a process that it shares with nobody, in proportion where it does."""
    rollup = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii")
    pss = next(line for line in rollup.splitlines() if line.startswith("Pss:"))
    return int(pss.split()[1]) / 1024


@contextmanager
def shims(folder: Path, count: int, python: list[float], own: list[float]) -> Iterator[list[int]]:
    """Give the pids of ``count`` shims whose commands sleep; note what each start has cost.

    ``python`` gets the CPU seconds of a Python that does nothing, ``own`` those of a shim.
    """
    directories = [folder / str(number) for number in range(count)]
    try:
        pids = []
        for directory in directories:
            python.append(_spent(_nothing))
            before_fork = _spent(lambda: _start(directory))  # noqa: B023 - called at once
            pids.append(_shim_of(directory))
            own.append(before_fork + cpu_seconds(pids[-1]))
        yield pids
    finally:
        for directory in directories:
            detached.stop(directory, 0)


def _spent(act: Callable[[], object]) -> float:
    """Return the CPU seconds of the children that ``act`` has started and awaited."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    act()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def _nothing() -> None:
    subprocess.run(NOTHING, check=True, input=b"", capture_output=True)


def _start(directory: Path) -> None:
    spec = detached.ShimSpec(directory, ("sleep", "3600"), cwd=Path("/"))
    detached.start(spec, {"PATH": os.environ["PATH"]})


def _shim_of(directory: Path) -> int:
    """Return the pid of a shim once its command runs."""
    while True:
        status = detached.status(directory)
        if isinstance(status, detached.Running) and status.child_pid is not None:
            return status.shim.pid
        time.sleep(0.005)


def measure(folder: Path, count: int, seconds: float) -> dict[str, float]:
    """Return the figures of ``count`` shims that were watched for ``seconds``."""
    python: list[float] = []
    own: list[float] = []
    with shims(folder, count, python, own) as pids:
        time.sleep(SETTLING_SECONDS)
        before, since = sum(map(cpu_seconds, pids)), time.monotonic()
        time.sleep(seconds)
        used, took = sum(map(cpu_seconds, pids)) - before, time.monotonic() - since
        memory = statistics.mean(map(private_mib, pids))
        with subprocess.Popen(NOTHING, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as nothing:
            nothing.stdout.readline()  # type: ignore[union-attr]  # it is a pipe
            bare = private_mib(nothing.pid)
    start, floor = statistics.median(own), statistics.median(python)
    return {
        "idle_percent_of_a_core": round(100 * used / took / count, 4),
        "start_cpu_ms": round(1000 * start, 1),
        "start_cpu_of_python": round(start / floor, 2),
        "memory_mib": round(memory, 1),
        "memory_of_python": round(memory / bare, 2),
    }


def bars(figures: Mapping[str, float]) -> Bars:
    """Return the bars: CPU at rest, and start and memory beside a Python that does nothing."""
    limits = {
        "idle_percent_of_a_core": IDLE_PERCENT,
        "start_cpu_of_python": START_RATIO,
        "memory_of_python": MEMORY_RATIO,
    }
    return {name: at_most(figures[name], limit) for name, limit in limits.items()}


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; with `--check` 1 where a bar is missed."""
    parser = argparse.ArgumentParser(description="what a shim costs")
    add_options(parser)
    parser.add_argument("--shims", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=20.0)
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="slipway-shims-") as folder:
        figures = measure(Path(folder), options.shims, options.seconds)
    for name, value in figures.items():
        print(f"{name:24} {value:g}")
    described = {"benchmark": "shim", "shims": options.shims, **figures}
    return end(options, described, bars(figures))


if __name__ == "__main__":
    sys.exit(main())
