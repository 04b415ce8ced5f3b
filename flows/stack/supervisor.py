"""Keeps the processes of the Procfile running: each in its own session, restarted when it dies.

`honcho start` runs the same Procfile in the foreground, but ends everything when one process ends;
here a killed worker comes back and its neighbours never notice.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

from honcho.environ import parse_procfile

from flows.stack.endings import Ending, forget_ending, write_ending
from flows.stack.environment import MARK
from flows.stack.home import PROGRAMS, Home
from flows.stack.record import Record, members, read_records, record_of, stop_sessions, write_record
from tasks.settings import settings

LOG_BYTES = 5_000_000
STEADY_SECONDS = 60.0
"""A process that has run this long is restarted at once when it dies."""
LONGEST_PAUSE_SECONDS = 15.0
GRACE_SECONDS = 10.0


def pause_before_start(failures: int) -> float:
    """Return how long to wait before a program that failed ``failures`` times in a row."""
    return 0.0 if failures == 0 else min(LONGEST_PAUSE_SECONDS, 0.5 * 2.0 ** (failures - 1))


@dataclass(slots=True)
class Program:
    """One line of the Procfile, and the process that runs it now."""

    name: str
    command: str
    process: subprocess.Popen[bytes] | None = None
    record: Record | None = None
    starts: int = 0
    failures: int = 0
    started_at: float = 0.0
    due_at: float = field(default=0.0)


class Supervisor:
    """Starts the programs, restarts those that die, and stops them in order."""

    def __init__(self, home: Home, procfile: str, environment: Mapping[str, str]) -> None:
        self._home, self._environment = home, dict(environment)
        commands = parse_procfile(procfile).processes
        self._programs = {name: Program(name, commands[name]) for name in PROGRAMS}
        self._stopping = threading.Event()

    def run(self) -> None:
        """Supervise until SIGTERM or SIGINT, then stop everything."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._on_signal)
        while not self._stopping.is_set():
            for program in self._programs.values():
                self._look_at(program, time.monotonic())
            for log in self._home.logs.glob("*.log"):
                rotate(log)
            self._stopping.wait(0.2)
        self._stop()

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        del number, frame
        self._stopping.set()

    def _look_at(self, program: Program, now: float) -> None:
        if program.process is None:
            if now >= program.due_at:
                self._start(program, now)
        elif (code := program.process.poll()) is not None:
            self._mourn(program, code, now)
        elif program.failures and now - program.started_at >= STEADY_SECONDS:
            program.failures = 0
            forget_ending(self._home, program.name)

    def _start(self, program: Program, now: float) -> None:
        with self._home.log(program.name).open("ab") as log:
            program.process = subprocess.Popen(
                ["/bin/sh", "-c", program.command],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=self._environment,
                start_new_session=True,
            )
        program.starts, program.started_at = program.starts + 1, now
        program.record = record_of(
            program.name, program.process.pid, self._environment[MARK], program.starts
        )
        write_record(self._home.record(program.name), program.record)

    def _mourn(self, program: Program, code: int, now: float) -> None:
        """Set the time of the next start; what the dead one's session still runs stays on record.

        That is how the flow runs of a killed worker go on, and are still found by `make down`.
        """
        record, path = program.record, self._home.record(program.name)
        if record is not None and members(record):
            path.rename(self._home.record(f"{program.name}.{record.pid}"))
        steady = now - program.started_at >= STEADY_SECONDS
        program.failures = 0 if steady else program.failures + 1
        write_ending(self._home, Ending(program.name, code, max(1, program.failures)))
        program.process, program.due_at = None, now + pause_before_start(program.failures)
        say(f"{program.name} ended with code {code}; start {program.starts + 1} follows")

    def _stop(self) -> None:
        own = os.getpid()
        others = [record for record in read_records(self._home.stack) if record.pid != own]
        say(f"stopped {stop_sessions(others, GRACE_SECONDS)} processes")


def rotate(log: Path, most_bytes: int = LOG_BYTES) -> None:
    """Move a log that has grown past ``most_bytes`` aside; its writers append, so they go on."""
    if log.exists() and log.stat().st_size > most_bytes:
        shutil.copyfile(log, log.with_suffix(".log.1"))
        os.truncate(log, 0)


def say(sentence: str) -> None:
    """Write a line to the supervisor's log."""
    sys.stdout.write(f"{time.strftime('%H:%M:%S')} {sentence}\n")
    sys.stdout.flush()


def main() -> None:
    """Supervise the Procfile of this folder under the settings of this environment."""
    home = Home(settings().root)
    write_record(home.record("supervisor"), record_of("supervisor", os.getpid(), os.environ[MARK]))
    Supervisor(home, Path("Procfile").read_text(encoding="utf-8"), os.environ).run()


if __name__ == "__main__":
    main()
