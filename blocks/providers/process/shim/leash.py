"""Runs one command for a process that waits for it, and ends it when that process does.

Run as `python -I -S leash.py LINE REPORT COMMAND...` in the environment of the command. The waiting
process holds the other end of the descriptor LINE: when it is closed, be it by `kill -9`, the
command is ended with all that it started. Processes that the command leaves behind when it ends by
itself are ended, too. The result is written to REPORT.
"""

from __future__ import annotations

import fcntl
import os
import select
import signal
import sys
import time

sys.path.append(__file__.rsplit("/", 5)[0])

# The path above is what makes these importable without site-packages.
from blocks.providers.process.shim.child import become_subreaper, exit_code_of
from blocks.providers.process.sweep import RUN_ID, SweptRun, sweep

TYPE_CHECKING = False
if TYPE_CHECKING:  # what is imported here costs each command time
    from collections.abc import Sequence

GRACE_SECONDS = 2.0
"""Time between SIGTERM and SIGKILL."""
EXIT = "exit"
CANNOT_START = "cannot start"
_TICK_SECONDS = 0.02


class Leash:
    """One command on a leash; ``code`` is None as long as it runs."""

    def __init__(self, line: int, argv: Sequence[str]) -> None:
        self._line, self._ended = line, False
        self._bell, ringer = os.pipe()
        os.set_blocking(self._bell, False)
        os.set_blocking(ringer, False)
        signal.set_wakeup_fd(ringer, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.signal(signal.SIGTERM, self._end)
        self._reaper = os.getpid() if become_subreaper() else None
        self.code: int | None = None
        self.problem = 0
        self.pid = self._start(argv)

    def run(self) -> None:
        """Wait until the command has ended or must end, and end what is left of it."""
        poll = select.poll()
        poll.register(self._bell, select.POLLIN)
        poll.register(self._line, select.POLLIN | select.POLLHUP)
        self._reap()
        while self.code is None and not self._ended:
            for descriptor, _ in poll.poll():
                if descriptor == self._bell:
                    os.read(self._bell, 4096)
                else:
                    self._ended = True
            self._reap()
        run = SweptRun(os.environ.get(RUN_ID, ""), frozenset({self.pid}), self._reaper)
        sweep(run, GRACE_SECONDS, self._tick)
        self._reap()

    def _start(self, argv: Sequence[str]) -> int:
        """Start the command in a group of its own; ``problem`` is the errno if that fails."""
        failed, failed_end = os.pipe()
        pid = os.fork()
        if pid == 0:
            try:
                os.setpgid(0, 0)
                signal.set_wakeup_fd(-1)
                for number in (signal.SIGCHLD, signal.SIGTERM, signal.SIGPIPE):
                    signal.signal(number, signal.SIG_DFL)
                os.execvp(argv[0], list(argv))  # noqa: S606 - a shell would be wrong here
            except OSError as error:
                os.write(failed_end, str(error.errno).encode())
            finally:
                os._exit(127)
        os.close(failed_end)
        with os.fdopen(failed, "rb") as report:
            self.problem = int(report.read() or 0)
        return pid

    def _reap(self) -> None:
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            if pid == self.pid:
                self.code = exit_code_of(status)

    def _tick(self) -> None:
        self._reap()
        time.sleep(_TICK_SECONDS)

    def _end(self, *_: object) -> None:
        self._ended = True


def main() -> None:
    """Run the command, and report its result."""
    line, report = int(sys.argv[1]), int(sys.argv[2])
    for descriptor in (line, report):
        fcntl.fcntl(descriptor, fcntl.F_SETFD, fcntl.FD_CLOEXEC)
    leash = Leash(line, sys.argv[3:])
    leash.run()
    outcome = f"{CANNOT_START} {leash.problem}" if leash.problem else f"{EXIT} {leash.code}"
    os.write(report, outcome.encode())
    os._exit(0)


if __name__ == "__main__":
    main()
