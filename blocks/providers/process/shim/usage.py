"""Reaps the ended children of a shim, and sums their usage; standard library only."""

from __future__ import annotations

import os

from blocks.providers.process.shim.child import exit_code_of, resident_mib


class ChildrenUsage:
    """The summed usage of ended children; ``code`` is the exit code of the awaited one."""

    def __init__(self) -> None:
        self.cpu_seconds = self.largest_mib = 0.0
        self.pid: int | None = None
        self.code: int | None = None

    def expect(self, pid: int) -> None:
        """Wait for the exit code of ``pid`` from now on."""
        self.pid, self.code = pid, None

    def reap(self) -> None:
        """Collect every child that has ended, orphans of the tree among them."""
        while True:
            try:
                pid, status, usage = os.wait4(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            self.cpu_seconds += usage.ru_utime + usage.ru_stime
            self.largest_mib = max(self.largest_mib, resident_mib(usage.ru_maxrss))
            if pid == self.pid:
                self.code = exit_code_of(status)
