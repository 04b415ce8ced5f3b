"""Makes SIGTERM cancel a flow, whatever its process executes at that moment.

Prefect's handler raises an exception in whatever the main thread executes at that moment. If that
is a callback of the event loop, or a task other than the flow itself, asyncio swallows the
exception: the flow would go on until the worker kills it, and leave its steps running.
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
    loop, (reading_end, writing_end) = asyncio.get_running_loop(), socket.socketpair()
    for end in (reading_end, writing_end):
        end.settimeout(0)

    def cancel_on_sigterm() -> None:
        """Read the numbers of the signals that arrived, and cancel the flow at SIGTERM."""
        if signal.SIGTERM in reading_end.recv(4096) and not flow.cancelling():
            flow.cancel()

    loop.add_reader(reading_end, cancel_on_sigterm)
    former = signal.set_wakeup_fd(writing_end.fileno(), warn_on_full_buffer=False)
    try:
        yield
    finally:
        signal.set_wakeup_fd(former)
        loop.remove_reader(reading_end)
        reading_end.close()
        writing_end.close()


def _is_no_crash(record: logging.LogRecord) -> bool:
    """Make the engine's log records of a run that was told to end say just that."""
    if record.getMessage().startswith("Crash detected! Execution was cancelled"):
        record.msg, record.args = _TOLD_TO_END, ()
        record.levelno, record.levelname = logging.WARNING, logging.getLevelName(logging.WARNING)
    ended = record.getMessage().startswith("Finished in state ")
    return not (ended and any(state in record.getMessage() for state in _NO_END))
