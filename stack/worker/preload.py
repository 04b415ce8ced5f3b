"""Imports what flow runs need: once in the fork server, from which every run is forked.

The flows of analytics are left out: they run rarely, and their libraries are as large as all that
is imported here.
"""

from __future__ import annotations

import os
from importlib import import_module

from stack.garbage import spare_what_is_imported
from stack.registration.operations import read_entrypoints
from stack.worker.shared_tls import share_tls
from tasks.home import Home

_LEFT_OUT = "analytics."
_ONE_THREAD = "OPENBLAS_NUM_THREADS"
"""A process is forked safely only while it has one thread; NumPy would start others."""


def preload(home: Home) -> None:
    """Import Prefect's engine and the flows, and keep garbage collection away from them.

    It would write to memory that all forks share, and so copy it.
    """
    os.environ[_ONE_THREAD] = "1"
    for entrypoint in read_entrypoints(home).values():
        if not entrypoint.startswith(_LEFT_OUT):
            import_module(entrypoint.rpartition(".")[0])
    del os.environ[_ONE_THREAD]
    import_module("stack.worker.handed_over")
    share_tls()
    spare_what_is_imported()
