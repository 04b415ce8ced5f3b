"""Has SIGTERM cancel a flow wherever it strikes.

Prefect's handler raises an exception out of whatever the main thread executes at that moment.
Where that is a callback of the event loop, or a task other than the flow itself, asyncio keeps
the exception to itself: the flow would go on until the worker kills it, and leave its steps
running.
"""

from __future__ import annotations

import asyncio
import logging
import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_LOGGERS = ("prefect.flow_runs", "prefect.task_runs")
_NO_END = ("Running(", "Crashed('Execution was cancelled")
_TOLD_TO_END = (
    "Told to end, by whoever cancels it or stops Slipway: so does all that it has started"
)


@contextmanager
def cancelled_by_sigterm() -> Iterator[None]:
    """Cancel the current task at SIGTERM, unless it is being cancelled already.

    The interpreter writes the number of each signal to a socket, whatever its handler does. Only
    the main thread gets signals: in another one, this does nothing.
    """
    flow = asyncio.current_task()
    if flow is None or threading.current_thread() is not threading.main_thread():
        yield
        return
    for name in _LOGGERS:
        logging.getLogger(name).addFilter(_is_no_crash)
    loop, (heard, told) = asyncio.get_running_loop(), socket.socketpair()
    for end in (heard, told):
        end.settimeout(0)

    def hear() -> None:
        """Look which signals there were."""
        if signal.SIGTERM in heard.recv(4096) and not flow.cancelling():
            flow.cancel()

    loop.add_reader(heard, hear)
    former = signal.set_wakeup_fd(told.fileno(), warn_on_full_buffer=False)
    try:
        yield
    finally:
        signal.set_wakeup_fd(former)
        loop.remove_reader(heard)
        heard.close()
        told.close()


def _is_no_crash(record: logging.LogRecord) -> bool:
    """Have the engine's words for the end of a run that was told to end say just that."""
    if record.getMessage().startswith("Crash detected! Execution was cancelled"):
        record.msg, record.args = _TOLD_TO_END, ()
        record.levelno, record.levelname = logging.WARNING, logging.getLevelName(logging.WARNING)
    ended = record.getMessage().startswith("Finished in state ")
    return not (ended and any(state in record.getMessage() for state in _NO_END))
