"""The CPU and memory that the processes of an instance use, sampled twice a short time apart."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import psutil

from blocks.providers.process.process_table import descendants, entries
from tasks.quantities import MIB_BYTES

_SAMPLE_SECONDS = 0.25


@dataclass(frozen=True, slots=True)
class ServiceUsage:
    """CPU in per cent of one core, memory in MiB, of a process and all below it."""

    cpu_percent: float
    memory_mib: float


def usage_of(roots: Sequence[int]) -> Mapping[int, ServiceUsage]:
    """Return the usage of the process tree below each pid of ``roots``, without the root itself.

    The root is a shim; only what runs under it counts.
    """
    before = {root: _seconds(_tree(root)) for root in roots}
    since = time.monotonic()
    time.sleep(_SAMPLE_SECONDS)
    trees = {root: _tree(root) for root in roots}
    elapsed_seconds = time.monotonic() - since
    return {
        root: ServiceUsage(
            _percent(before[root], _seconds(tree), elapsed_seconds), _memory_mib(tree)
        )
        for root, tree in trees.items()
    }


def _tree(root: int) -> list[psutil.Process]:
    processes = []
    for pid in descendants(root, entries()):
        try:
            processes.append(psutil.Process(pid))
        except psutil.NoSuchProcess:
            continue
    return processes


def _seconds(tree: Sequence[psutil.Process]) -> dict[int, float]:
    seconds = {}
    for process in tree:
        try:
            times = process.cpu_times()
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
        seconds[process.pid] = times.user + times.system
    return seconds


def _percent(
    before: Mapping[int, float], after: Mapping[int, float], elapsed_seconds: float
) -> float:
    used = sum(seconds - before.get(pid, seconds) for pid, seconds in after.items())
    return round(100 * used / elapsed_seconds, 1) if elapsed_seconds > 0 else 0.0


def _memory_mib(tree: Sequence[psutil.Process]) -> float:
    total = 0
    for process in tree:
        try:
            total += process.memory_info().rss
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
    return round(total / MIB_BYTES, 1)
