"""Tests of what flow runs find imported."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from stack.registration.operations import write_operations
from tasks.home import Home

ROOT = Path(__file__).parents[3]
FLOWS = {"run/run": "flows.run.run_flow", "train/train": "analytics.flow.train_flow"}
OBSERVE = """
import gc, json, os, sys, threading
import stack.worker.preloaded
from tasks.settings import settings
print(json.dumps([
    len(os.listdir("/proc/self/task")) if sys.platform == "linux" else threading.active_count(),
    settings.cache_info().currsize,
    "OPENBLAS_NUM_THREADS" in os.environ,
    gc.get_freeze_count() > 100_000,
    [name for name in ("flows.run", "numpy", "analytics.flow", "sklearn") if name in sys.modules],
]))
"""


@pytest.mark.integration
def test_it_can_be_forked_and_leaves_the_rest_to_each_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Broken: a fork waits for a lock that no thread holds, or has the settings of before."""
    monkeypatch.setenv("SLIPWAY_HOME", str(tmp_path))
    monkeypatch.delenv("OPENBLAS_NUM_THREADS", raising=False)
    monkeypatch.delenv("BRANCH_COVERAGE", raising=False)
    home = Home(tmp_path)
    home.create()
    write_operations(home, {}, FLOWS, {}, {})
    python = [sys.executable, "-c", OBSERVE]
    seen = subprocess.run(python, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert seen.strip() == '[1, 0, false, true, ["flows.run", "numpy"]]'
