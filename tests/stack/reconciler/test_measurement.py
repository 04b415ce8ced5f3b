"""Tests of the measurement of CPU and memory of services."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from blocks.providers.process import detached
from stack.reconciler.measurement import Meter, TreeUsage, machine_samples, service_samples
from tasks.release import Instance, InstanceState


def metrics(before: TreeUsage | None, now: TreeUsage) -> dict[str, float]:
    """Return the samples of a service by metric."""
    return {each.metric: each.value for each in service_samples("service/web", before, now)}


def test_cpu_is_the_share_since_the_last_time() -> None:
    """A busy service would look idle, or one core like the whole machine."""
    assert metrics(TreeUsage(10, 50, at=100), TreeUsage(15, 60, at=110)) == {
        "memory_mib": 60,
        "cpu_percent": 50,
    }


def test_the_first_measurement_has_no_cpu() -> None:
    """All the CPU since its start would be counted as used in one moment."""
    assert metrics(None, TreeUsage(500, 60, at=110)) == {"memory_mib": 60}
    assert metrics(TreeUsage(1, 1, at=110), TreeUsage(500, 60, at=110)) == {"memory_mib": 60}


def test_a_tree_that_lost_a_process_has_not_used_less_than_nothing() -> None:
    """A chart would show negative CPU."""
    assert metrics(TreeUsage(10, 50, at=100), TreeUsage(2, 50, at=110))["cpu_percent"] == 0


def test_the_machine_is_measured(tmp_path: Path) -> None:
    """Bottlenecks of the machine could not be seen."""
    values = {each.metric: each.value for each in machine_samples(tmp_path, now=1.0)}
    assert 0 < values["memory_percent"] <= 100
    assert values["disk_free_mib"] > 0


@pytest.mark.integration
def test_a_running_service_is_measured_with_its_children(tmp_path: Path) -> None:
    """The memory of a web server's workers would be missed: they are its children."""
    program = "b = bytearray(60_000_000); import time; time.sleep(600)"
    script = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {program!r}])"
    argv = (sys.executable, "-c", script)
    detached.start(detached.ShimSpec(tmp_path / "run", argv, cwd=tmp_path), dict(os.environ))
    service = Instance(
        id="i1",
        project="web",
        environment="prod",
        service="app",
        replica=0,
        release="d",
        version="1",
        directory=tmp_path / "run",
        host="127.0.0.1",
        port=None,
        state=InstanceState.RUNNING,
        started_at=0.0,
    )
    meter, memory, now = Meter(tmp_path), 0.0, 0.0
    try:
        while memory < 60 and now < 3000:
            now += 1
            memory = {
                each.metric: each.value
                for each in meter.measure([service], now)
                if each.subject == "service/web/prod/app/0"
            }.get("memory_mib", 0.0)
            subprocess.run(["sleep", "0.02"], check=True)
    finally:
        detached.stop(tmp_path / "run", grace_seconds=1)
    assert memory > 60
    assert len(meter.measure([service], now + 1)) == len(machine_samples(tmp_path, now))
