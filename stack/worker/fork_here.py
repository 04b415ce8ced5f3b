"""Starts the fork server as a fork of this process, so that both share what this one has imported.

Started as a new process it would import all of that again, and take 70 MB more.
"""

from __future__ import annotations

import os
import socket
from multiprocessing import connection, forkserver
from pathlib import Path
from typing import Any, cast

from stack.worker.engine import set_title
from stack.worker.tracker import do_without_tracker

TITLE = "slipway fork server"
_OWNER_ONLY = 0o600


def fork_here() -> forkserver.ForkServer:
    """Fork, and serve forks there; return the client of that server.

    A server that has ended is replaced by a new process, as multiprocessing does it.
    """
    do_without_tracker()
    server = cast("Any", forkserver.ForkServer())
    address = connection.arbitrary_address("AF_UNIX")  # type: ignore[attr-defined] # multiprocessing's own
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(address)
        if not address.startswith("\0"):
            Path(address).chmod(_OWNER_ONLY)
        listener.listen()
        ends, alive = os.pipe()
        process = os.fork()
        if not process:
            os.close(alive)
            _serve(listener.fileno(), ends)
        os.close(ends)
    server._forkserver_address = address  # noqa: SLF001 - as it starts one itself
    server._forkserver_alive_fd = alive  # noqa: SLF001
    server._forkserver_pid = process  # noqa: SLF001
    return cast("forkserver.ForkServer", server)


def _serve(listener: int, ends: int) -> None:
    try:
        set_title(TITLE)
        forkserver.main(listener, ends, [])
    except SystemExit:
        os._exit(0)
    finally:
        os._exit(1)
