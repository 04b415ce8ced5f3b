"""Tests of what a small resident process does not import."""

from __future__ import annotations

import subprocess
import sys


def test_the_reconciler_imports_no_command_line() -> None:
    """Broken: a process that always runs holds what nobody uses."""
    script = (
        "import sys, stack.reconciler.main; print('httpx' in sys.modules, 'rich' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["True", "False"]
