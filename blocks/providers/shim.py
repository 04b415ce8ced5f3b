"""The detached program above one service or step; executed by path, standard library only.

It outlives whoever started it. It logs, restarts, enforces time-out and memory, ends the whole
tree, and leaves an exit record. Run as `python -I -S -E shim.py DIRECTORY LOCK`; the environment
of the child comes over stdin and is never written to disk.
"""

from __future__ import annotations

import fcntl
import json
import os
import select
import signal
import sys
import time
from pathlib import Path
from typing import Any, NoReturn

sys.path.append(str(Path(__file__).parents[2]))

# The path above is what makes these importable without site-packages.
from blocks.providers import run_directory as files
from blocks.providers.child import (
    Child,
    StartError,
    become_subreaper,
    exit_code_of,
    exit_words,
    resident_mib,
    start_child,
)
from blocks.providers.process_table import LINUX, entries
from blocks.providers.restart_policy import quick_ends, restart_delay
from blocks.providers.rotated_log import RotatedLog
from blocks.providers.sweep import RUN_ID, Run, sweep
from blocks.providers.tree_memory import TreeMemory

_TICK_SECONDS = 0.02
_LEFTOVER_GRACE_SECONDS = 2.0


class Supervisor:
    """Runs one spec to its end."""

    def __init__(self, directory: Path, environment: dict[str, str]) -> None:
        self.directory, self.environment = directory, environment
        self.spec: dict[str, Any] = files.read_record(directory, files.SPEC) or {}
        self.environment[RUN_ID] = self.spec["run_id"]
        self.log = RotatedLog(directory / files.LOG, self.spec["log_bytes"], self.spec["log_files"])
        self.started_at, self.monotonic = time.time(), time.monotonic()
        self.child: Child | None = None
        self.output: int | None = None
        self.code: int | None = None
        self.memory = TreeMemory(os.getpid(), self.spec["memory_mib"])
        self.cpu_seconds = self.largest_mib = 0.0
        self.restarts = self.failures = 0
        self.stopping = False
        self.left: tuple[int, ...] = ()
        self.poll = select.poll()
        self._listen()

    def announce(self) -> None:
        """Say who runs this directory; from here on it is never started again."""
        me = next(item for item in entries() if item.pid == os.getpid())
        child = self.child
        files.write_record(
            self.directory,
            files.STATE,
            {
                "shim": {"pid": me.pid, "started": me.started},
                "child": {"pid": child.pid, "started": child.started} if child else None,
                "restarts": self.restarts,
                "started_at": self.started_at,
            },
        )

    def run(self) -> None:
        """Start, watch, end and, where the policy says so, start again."""
        while True:
            try:
                self._start()
            except StartError as error:
                self._finish("failed", f"cannot start: {error}", 127)
                return
            reason = self._watch()
            self._end_tree(reason)
            delay = None if reason else self._delay()
            if delay is not None:
                reason = self._pause(delay)
            if delay is None or reason:
                self._finish(*self._verdict(reason), self.code)
                return
            self.restarts += 1

    def _start(self) -> None:
        self.code = None
        self.child = start_child(self.spec["argv"], self.spec["cwd"], self.environment)
        self.output = self.child.output
        self.poll.register(self.output, select.POLLIN)
        self.announce()

    def _watch(self) -> str:
        """Return why the child must end; empty when it ended by itself."""
        while self.code is None:
            if reason := self._reason():
                return reason
            self._tick(self._patience())
        return self._reason() if self.stopping else ""

    def _reason(self) -> str:
        timeout = self.spec["timeout_seconds"]
        if self.stopping:
            return "preempted"
        if self.memory.too_big:
            return "out of memory"
        if timeout is not None and time.monotonic() - self.monotonic >= timeout:
            return "timed out"
        return ""

    def _patience(self) -> float:
        """Return the seconds until something is due without anything happening."""
        due = self.memory.due_in()
        if self.spec["timeout_seconds"] is not None:
            due = min(due, self.monotonic + self.spec["timeout_seconds"] - time.monotonic())
        return max(0.0, due)

    def _end_tree(self, reason: str) -> None:
        grace = self._grace() if reason else min(_LEFTOVER_GRACE_SECONDS, self._grace())
        if reason == "out of memory":
            grace = 0.0
        self.left = sweep(self._members(), grace, lambda: self._tick(_TICK_SECONDS))
        while self.code is None and not self.left:
            self._tick(_TICK_SECONDS)
        self._reap()
        self._drain()

    def _members(self) -> Run:
        group = {self.child.pid} if self.child else set()
        return Run(self.spec["run_id"], frozenset(group), os.getpid() if LINUX else None)

    def _grace(self) -> float:
        asked = files.read_record(self.directory, files.STOP) if self.stopping else None
        return float((asked or self.spec)["grace_seconds"])

    def _delay(self) -> float | None:
        ran = time.monotonic() - (self.child.monotonic if self.child else 0.0)
        self.failures = quick_ends(self.failures, ran)
        delay = restart_delay(self.spec["restart"], self.code or 0, self.failures)
        self.failures += 1
        return delay

    def _pause(self, seconds: float) -> str:
        """Wait before the next start; return why there is to be none."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            if reason := self._reason():
                return reason
            self._tick(left)
        return self._reason()

    def _verdict(self, reason: str) -> tuple[str, str]:
        if reason == "preempted":
            return reason, "stopped"
        if reason == "timed out":
            return reason, f"took longer than {self.spec['timeout_seconds']:g} s"
        if reason:
            return reason, f"used more than {self.spec['memory_mib']} MiB"
        if self.code == 0:
            return "succeeded", ""
        return "failed", exit_words(self.code)

    def _finish(self, end: str, cause: str, code: int | None) -> None:
        if self.left:
            cause = f"{cause}; could not be ended: {', '.join(map(str, self.left))}".lstrip("; ")
        self.log.close()
        files.write_record(
            self.directory,
            files.EXIT,
            {
                "end": end,
                "cause": cause,
                "exit_code": code,
                "started_at": self.started_at,
                "ended_at": time.time(),
                "cpu_seconds": round(self.cpu_seconds, 3),
                "peak_memory_mib": round(max(self.memory.peak_mib, self.largest_mib), 1),
                "restarts": self.restarts,
                "dropped_bytes": self.log.dropped_bytes,
            },
            durable=True,
        )

    def _listen(self) -> None:
        self.bell, ringer = os.pipe()
        os.set_blocking(self.bell, False)
        os.set_blocking(ringer, False)
        signal.set_wakeup_fd(ringer, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._stop)
        self.poll.register(self.bell, select.POLLIN)

    def _stop(self, *_: object) -> None:
        self.stopping = True

    def _tick(self, seconds: float) -> None:
        for descriptor, _ in self.poll.poll(seconds * 1000):
            if descriptor == self.bell:
                os.read(self.bell, 4096)
            else:
                self._log_output()
        self._reap()
        self.memory.look()

    def _log_output(self) -> bool:
        """Log what there is to read; False when there is no more for now."""
        if self.output is None:
            return False
        try:
            data = os.read(self.output, 65536)
        except BlockingIOError:
            return False
        self.log.write(data)
        if not data:
            self._close_output()
        return bool(data)

    def _drain(self) -> None:
        while self._log_output():
            pass
        self._close_output()

    def _close_output(self) -> None:
        if self.output is not None:
            self.poll.unregister(self.output)
            os.close(self.output)
            self.output = None

    def _reap(self) -> None:
        while True:
            try:
                pid, status, usage = os.wait4(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            self.cpu_seconds += usage.ru_utime + usage.ru_stime
            self.largest_mib = max(self.largest_mib, resident_mib(usage.ru_maxrss))
            if self.child and pid == self.child.pid:
                self.code = exit_code_of(status)


def main() -> NoReturn:
    """Detach, announce, tell the starter by closing stdout, and supervise."""
    directory, lock = Path(sys.argv[1]), int(sys.argv[2])
    # Cut short when the starter died: then nothing is started, and the next one may try.
    environment = json.loads(sys.stdin.buffer.read())
    if os.fork():
        os._exit(0)
    os.setsid()
    fcntl.fcntl(lock, fcntl.F_SETFD, fcntl.FD_CLOEXEC)  # held as long as the shim lives
    become_subreaper()
    supervisor = Supervisor(directory, environment)
    supervisor.announce()
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 0)
    os.dup2(null, 1)
    supervisor.run()
    os._exit(0)


if __name__ == "__main__":
    main()
