"""Migrates Prefect's database in a fork of the server, whose memory goes with it when it is done.

In the server itself, what the migrations import and leave behind would stay: 40 MiB.
"""

from __future__ import annotations

import asyncio
import ctypes
import os
import signal
import sys
import traceback
from collections.abc import Callable

from prefect.server.database import provide_database_interface

from stack.log import say
from stack.worker.fork_here import may_fork

_PR_SET_PDEATHSIG = 1


def migrated_in_a_fork() -> bool:
    """Bring the database up to date; False where this process itself has to do it.

    That is where it cannot be forked safely, and where the fork failed: then Prefect's own start
    says what is wrong.
    """
    if sys.platform != "linux" or not may_fork():
        return False
    return ran_in_a_fork(_migrate)


def ran_in_a_fork(work: Callable[[], None]) -> bool:
    """Do ``work`` in a fork of this process, which ends with it; tell whether it was done."""
    parent = os.getpid()
    fork = os.fork()
    if not fork:
        _end_with(parent, work)
    _, status = os.waitpid(fork, 0)
    code = os.waitstatus_to_exitcode(status)
    if code:
        say(f"the fork that prepares the database ended with code {code}")
    return code == 0


def _end_with(parent: int, work: Callable[[], None]) -> None:
    code = 1
    try:
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() == parent:  # else it has ended just before
            work()
            code = 0
    except BaseException:  # noqa: BLE001 - nothing of it may go on in the server's own code
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(code)


def _migrate() -> None:
    asyncio.run(provide_database_interface().create_db())
