"""Forks of this process, and what ends with its parent."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable
from pathlib import Path

from stack.log import say

_PR_SET_PDEATHSIG = 1


def may_fork() -> bool:
    """Tell whether this process has one thread: a lock of another one would stay held in a fork."""
    try:
        return len(list(Path("/proc/self/task").iterdir())) == 1
    except OSError:
        return threading.active_count() == 1


def ends_with(parent: int) -> bool:
    """Have this process killed as soon as ``parent`` ends; tell whether ``parent`` still lives.

    Elsewhere than on Linux it is only told.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    return os.getppid() == parent


def ran_in_a_fork(work: Callable[[], None], purpose: str) -> bool:
    """Do ``work`` in a fork of this process, which ends with it; tell whether it was done.

    ``purpose`` ends a sentence on a fork that failed, e.g. `migrates the database`.
    """
    parent = os.getpid()
    fork = os.fork()
    if not fork:
        _end_with(parent, work)
    _, status = os.waitpid(fork, 0)
    code = os.waitstatus_to_exitcode(status)
    if code:
        say(f"a fork that {purpose} ended with code {code}")
    return code == 0


def _end_with(parent: int, work: Callable[[], None]) -> None:
    code = 1
    try:
        if ends_with(parent):
            work()
            code = 0
    except BaseException:  # noqa: BLE001 - nothing of it may go on in the server's own code
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(code)
