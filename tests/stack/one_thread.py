"""Starts a Python process of one thread, which may fork itself."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def python(code: str, *arguments: str, **variables: str) -> subprocess.Popen[str]:
    """Start a process that executes ``code`` in the folder of the project."""
    # Measuring starts a thread.
    unmeasured = {name: text for name, text in os.environ.items() if name != "BRANCH_COVERAGE"}
    return subprocess.Popen(
        [sys.executable, "-c", code, *arguments],
        cwd=ROOT,
        env={**unmeasured, **variables},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
