"""The events that a shim waits for: output of its child, signals, and time-outs."""

from __future__ import annotations

import os
import select
import signal

TYPE_CHECKING = False
if TYPE_CHECKING:  # what is imported here costs each shim time and memory
    from collections.abc import Callable

    from blocks.providers.process.shim.rotated_log import RotatedLog

_SIGNALS = (signal.SIGTERM, signal.SIGINT)


class Events:
    """Sleeps until something happens, and writes the output of the child to ``log``.

    ``stopping`` is true from the first SIGTERM or SIGINT on for which ``heeds`` was true. The end of
    a child wakes it, too.
    """

    def __init__(self, heeds: Callable[[], bool] = lambda: True) -> None:
        self.log: RotatedLog | None = None
        self.stopping = False
        self._heeds = heeds
        self._output: int | None = None
        self._poll = select.poll()
        self._bell, ringer = os.pipe()
        for end in (self._bell, ringer):
            os.set_blocking(end, False)
        signal.set_wakeup_fd(ringer, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        for number in _SIGNALS:
            signal.signal(number, self._stop)
        self._poll.register(self._bell, select.POLLIN)

    def begin(self, log: RotatedLog) -> None:
        """Serve another run, whose output goes to ``log``."""
        self.log, self.stopping = log, False

    def listen(self, output: int) -> None:
        """Log from now on what can be read from ``output``, a non-blocking descriptor."""
        self._output = output
        self._poll.register(output, select.POLLIN)

    def wait(self, seconds: float | None) -> None:
        """Return when something has happened, after ``seconds`` at the latest; None: for ever."""
        for descriptor, _ in self._poll.poll(None if seconds is None else seconds * 1000):
            if descriptor == self._bell:
                os.read(self._bell, 4096)
            else:
                self._log_output()

    def drain(self) -> None:
        """Log what is left in the child's pipe, and close the pipe."""
        while self._log_output():
            pass
        self._close_output()

    def _stop(self, *_: object) -> None:
        self.stopping = self.stopping or self._heeds()

    def _log_output(self) -> bool:
        """Log what there is to read; False when there is no more for now."""
        if self._output is None or self.log is None:
            return False
        try:
            data = os.read(self._output, 65536)
        except BlockingIOError:
            return False
        self.log.write(data)
        if not data:
            self._close_output()
        return bool(data)

    def _close_output(self) -> None:
        if self._output is not None:
            self._poll.unregister(self._output)
            os.close(self._output)
            self._output = None
