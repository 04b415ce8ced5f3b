"""Tests of what the expression language brings into memory."""

from __future__ import annotations

import subprocess
import sys


def test_it_imports_no_command_line() -> None:
    """Broken: each flow run holds 17 MB of a command line that nobody uses."""
    script = "import sys, tasks.expression; print('prompt_toolkit' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "False"
