"""Runs Prefect's engine, which executes one flow run, with clients that wait for the server.

A server that is killed just when a flow run begins would otherwise cost that run.
"""

from __future__ import annotations

import gc
import os
import runpy
import sys
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from stack.worker.handed_over import HandedOver

NEW_OBJECTS = 100_000
"""How many objects Python makes before it looks for garbage. With its own limit of 700, that takes a
seventh of the time of the imports."""
_LOG_MODE = 0o600
_KEEP_VARIABLES = "SPT_NOENV"
"""A variable that setproctitle reads."""


def main(handed: HandedOver | None = None) -> None:
    """Execute the flow run that the environment names.

    Args:
        handed: What need not be read of it.
    """
    gc.set_threshold(NEW_OBJECTS)
    # Imports Prefect.
    from flows.run_state.secret_redaction import keep_secret  # noqa: PLC0415
    from stack.worker.patient_clients import wait_for_server  # noqa: PLC0415
    from stack.worker.prompt_ending import end_promptly  # noqa: PLC0415
    from stack.worker.shared_tls import share_tls  # noqa: PLC0415

    # Parameters that are refused are logged before a flow knows its secrets.
    import_module("prefect.main")  # it sets the handlers of logs up
    keep_secret(())
    share_tls()
    end_promptly()
    wait_for_server()
    if handed:
        from stack.worker.handed_over import observe_later, use  # noqa: PLC0415

        use(handed)
        observe_later()
    # A fork has imported it, and it is to be run as a program.
    sys.modules.pop("prefect.engine", None)
    runpy.run_module("prefect.engine", run_name="__main__", alter_sys=True)


def run_in_fork(
    environment: Mapping[str, str], folder: Path, log: Path, handed: HandedOver | None = None
) -> None:
    """Execute a flow run in this process, a fork that has another environment and output."""
    from stack.worker.tracker import track_again  # noqa: PLC0415
    from tasks.run_process import RUN_ID, title  # noqa: PLC0415
    from tasks.settings import settings  # noqa: PLC0415

    set_title(title(environment[RUN_ID]))
    track_again()
    settings.cache_clear()  # a fork may have them from the process that it was forked from
    del sys.argv[1:]  # they would name another flow run
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    output = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, _LOG_MODE)
    for stream in (sys.stdout, sys.stderr):
        os.dup2(output, stream.fileno())
    os.close(output)
    main(handed)


def set_title(text: str) -> None:
    """Have ``ps`` and ``top`` show ``text`` as the command of this process."""
    # Else it writes over the variables that others see, among them the home. It finds the title by
    # the variables that the process was started with.
    os.environ[_KEEP_VARIABLES] = "1"
    from setproctitle import setproctitle  # noqa: PLC0415

    setproctitle(text)


if __name__ == "__main__":
    main()
