"""Tests of what the search for garbage leaves alone."""

from __future__ import annotations

import subprocess
import sys

SCRIPT = """
import gc
from stack.garbage import NEW_OBJECTS, spare_what_is_imported
spare_what_is_imported()
print(gc.get_freeze_count() > 1000, gc.get_threshold()[0] == NEW_OBJECTS, gc.isenabled())
"""


def test_what_is_imported_is_left_alone_and_new_garbage_is_found() -> None:
    """Broken: the server spends a fifth of its time on what never changes, or grows for ever."""
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["True", "True", "True"]
