"""Tests of the resident reconciler."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from benchmarks.free_ports import free_ports
from tasks.home import Home

ROOT = Path(__file__).parents[3]


@pytest.mark.integration
def test_it_is_free_of_prefect_and_ends_when_told(tmp_path: Path) -> None:
    """The resident process would take 150 MB, or have to be killed at each `make down`."""
    script = "import sys, stack.reconciler.main as r; assert 'prefect' not in sys.modules; r.main()"
    home = Home(tmp_path / "home")
    home.create()
    reconciler = subprocess.Popen(
        [sys.executable, "-c", script],
        cwd=tmp_path,
        env={
            **os.environ,
            "SLIPWAY_HOME": str(home.root),
            "PYTHONPATH": str(ROOT),
            "SLIPWAY_SERVER_PORT": str(free_ports(1)),
        },
        stdout=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + 60
    while not home.heartbeat_file.exists():
        assert reconciler.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.05)
    reconciler.send_signal(signal.SIGTERM)
    output, _ = reconciler.communicate(timeout=30)
    assert reconciler.returncode == 0
    assert output.rstrip().endswith("stopped")
