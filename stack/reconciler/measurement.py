"""Measures CPU and memory of the machine and of every service, as samples for the ledger."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import psutil

from blocks.providers.process import detached
from tasks.ledger.samples import Sample
from tasks.quantities import MIB_BYTES
from tasks.release import Instance


@dataclass(frozen=True, slots=True)
class TreeUsage:
    """CPU time and memory of a process tree; ``cpu_seconds`` since the start of its processes."""

    cpu_seconds: float
    memory_mib: float
    at: float


def subject_of(instance: Instance) -> str:
    """Return the name under which a service's samples are kept."""
    place = f"{instance.project}/{instance.environment}"
    return f"service/{place}/{instance.service}/{instance.replica}"


def machine_samples(folder: Path, now: float) -> list[Sample]:
    """Measure the machine: CPU since the last call, memory, load, and the disk of ``folder``."""
    values = {
        "cpu_percent": psutil.cpu_percent(),
        "memory_percent": psutil.virtual_memory().percent,
        "load_1m": psutil.getloadavg()[0],
        "disk_free_mib": psutil.disk_usage(str(folder)).free / MIB_BYTES,
    }
    return [Sample("machine", metric, value, now) for metric, value in values.items()]


def usage_of(instance: Instance, now: float) -> TreeUsage | None:
    """Measure the process tree of a service; None when it has no process."""
    state = detached.status(instance.directory)
    if not isinstance(state, detached.Running) or state.child_pid is None:
        return None
    try:
        root = psutil.Process(state.child_pid)
        tree = [root, *root.children(recursive=True)]
    except psutil.NoSuchProcess:
        return None
    seconds, memory_mib = 0.0, 0.0
    for process in tree:
        try:
            times, memory_info = process.cpu_times(), process.memory_info()
        except psutil.Error:
            continue
        seconds += times.user + times.system
        memory_mib += memory_info.rss / MIB_BYTES
    return TreeUsage(seconds, memory_mib, now)


def service_samples(subject: str, before: TreeUsage | None, now: TreeUsage) -> list[Sample]:
    """Return the samples of a service; its CPU needs an earlier measurement to compare with.

    A tree that lost a process has used less than before; its CPU counts as zero then.
    """
    samples = [Sample(subject, "memory_mib", now.memory_mib, now.at)]
    if before is None or now.at <= before.at:
        return samples
    share = max(0.0, now.cpu_seconds - before.cpu_seconds) / (now.at - before.at)
    return [*samples, Sample(subject, "cpu_percent", 100 * share, now.at)]


class Meter:
    """Measures the same services again and again."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._before: dict[str, TreeUsage] = {}

    def measure(self, running: Iterable[Instance], now: float) -> list[Sample]:
        """Measure the machine and the services of ``running``."""
        usages = {instance.id: (instance, usage_of(instance, now)) for instance in running}
        samples = machine_samples(self._folder, now)
        for key, (instance, usage) in usages.items():
            if usage is not None:
                samples += service_samples(subject_of(instance), self._before.get(key), usage)
        self._before = {key: usage for key, (_, usage) in usages.items() if usage is not None}
        return samples
