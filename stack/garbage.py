"""Keeps Python's search for garbage away from what a long-lived process has imported.

It goes through all objects again and again, which took a fifth of the server's time; what is
imported lives as long as the process.
"""

from __future__ import annotations

import ctypes
import gc
from contextlib import suppress

NEW_OBJECTS = 50_000
"""How many objects are made before it looks for garbage among them. Python's own limit is 700."""


def spare_what_is_imported() -> None:
    """Never look again at what exists now, and less often at what is made from now on.

    Memory that the imports have left free goes back to the system.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(NEW_OBJECTS, 10, 10)
    with suppress(OSError, AttributeError):  # not everywhere is the C library glibc
        ctypes.CDLL(None).malloc_trim(0)
