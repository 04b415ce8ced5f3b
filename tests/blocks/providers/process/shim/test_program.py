"""Tests of the shim's program: its memory and start-up stay small, and it sees the whole tree."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

import blocks.providers.process.shim
from blocks.providers.process import detached
from blocks.providers.process.process_table import below, resident_bytes

PACKAGE = Path(blocks.providers.process.shim.__file__).parent
HEAVY = {"json", "re", "pathlib", "dataclasses", "typing", "subprocess"}

pytestmark = pytest.mark.integration


def test_a_shim_imports_nothing_heavy() -> None:
    """Broken: each service and each step would pay 25 ms and some MiB for modules it can spare."""
    own = "import sys; sys.path.append(sys.argv[1]); import blocks.providers.process.shim.supervisor; "
    own += "import blocks.providers.process.shim.child as child; child.become_subreaper(); "
    own += "print(*sys.modules)"
    modules = subprocess.run(
        [sys.executable, "-I", "-S", "-c", own, str(PACKAGE.parents[3])],
        check=True,
        capture_output=True,
        text=True,
    ).stdout.split()
    assert HEAVY.isdisjoint(modules)


@pytest.mark.skipif(sys.platform != "linux", reason="these lists are Linux's")
def test_the_tree_below_a_process_is_seen_whole(tmp_path: Path) -> None:
    """Broken: a memory limit would hold for the first process of a service alone."""
    script = "sh -c 'sleep 600 & wait' & wait"
    detached.start(
        detached.ShimSpec(tmp_path / "run", ("sh", "-c", script), cwd=Path("/")),
        {"PATH": os.environ["PATH"]},
    )
    try:
        status = detached.status(tmp_path / "run")
        assert isinstance(status, detached.Running)
        while len(tree := below(status.shim.pid)) < 3:
            assert psutil.pid_exists(status.shim.pid)
        assert tree == {each.pid for each in psutil.Process(status.shim.pid).children(True)}
        assert all(resident_bytes(pid) > 0 for pid in tree)
    finally:
        detached.stop(tmp_path / "run", 0)
    assert resident_bytes(status.shim.pid) == 0
