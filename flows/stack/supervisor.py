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
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

from blocks.routers.extent import served
from flows.stack.endings import Ending, forget_ending, write_ending
from flows.stack.environment import MARK
from flows.stack.heartbeat import Heartbeat, patience
from flows.stack.home import Home
from flows.stack.parts import Part, all_inputs, parts
from flows.stack.record import (
    Record,
    is_alive,
    kill_session,
    members,
    read_record,
    read_records,
    record_of,
    stop_sessions,
    write_record,
)
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
    """One part, and the process that runs it now; one that was taken over is no child of ours."""

    part: Part
    process: subprocess.Popen[bytes] | None = None
    record: Record | None = None
    starts: int = 0
    failures: int = 0
    started_at: float = 0.0
    due_at: float = field(default=0.0)


class Supervisor:
    """Takes over the parts that run, starts the others, restarts those that die, stops them all.

    Args:
        home: The home of the stack.
        wanted: The parts to keep running.
        environment: The one that they get.
        patience_seconds: After how long without a heartbeat the reconciler is replaced.
    """

    def __init__(
        self,
        home: Home,
        wanted: Sequence[Part],
        environment: Mapping[str, str],
        patience_seconds: float,
    ) -> None:
        self._home, self._environment = home, dict(environment)
        self._heartbeat = Heartbeat(home.heartbeat_file, patience_seconds)
        self._programs = [Program(part) for part in wanted]
        self._stopping, self._leaving = threading.Event(), False

    def run(self) -> None:
        """Supervise until SIGTERM or SIGINT, then stop everything; on SIGUSR1 leave it running."""
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGUSR1):
            signal.signal(number, self._on_signal)
        self._take_over()
        while not self._stopping.is_set():
            self._home.supervisor_heartbeat_file.touch()
            for program in self._programs:
                self._look_at(program, time.monotonic())
                self._replace_silent(program, time.monotonic())
            for log in self._home.logs.glob("*.log"):
                rotate(log)
            self._stopping.wait(0.2)
        if not self._leaving:
            self._stop()

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        del frame
        self._leaving = number == signal.SIGUSR1
        self._stopping.set()

    def _take_over(self) -> None:
        """Adopt what runs with the inputs that are wanted; end what runs with others."""
        wanted = {program.part.name: program for program in self._programs}
        for path in sorted(self._home.stack.glob("*.json")):
            record = read_record(path)
            if record is None or record.pid == os.getpid() or record.mark != self._mark:
                continue
            program = wanted.get(path.stem)
            if program is not None and is_alive(record) and record.inputs == program.part.inputs:
                program.record, program.starts = record, record.starts
                say(f"took over {path.stem}, process {record.pid}")
            elif program is not None or record.program == "router":
                self._end(path, record)

    def _end(self, path: Path, record: Record) -> None:
        """End a part that is not wanted as it is; the flow runs of a dead worker go on."""
        if is_alive(record):
            say(f"ended {stop_sessions([record], GRACE_SECONDS)} processes of {path.stem}")
            path.unlink()
        elif members(record):
            path.rename(self._home.record(f"{path.stem}.{record.pid}"))

    @property
    def _mark(self) -> str:
        return self._environment[MARK]

    def _look_at(self, program: Program, now: float) -> None:
        if program.record is None:
            if now >= program.due_at:
                self._start(program, now)
        elif program.process is None:
            if not is_alive(program.record):
                self._mourn(program, None, now)
        elif (code := program.process.poll()) is not None:
            self._mourn(program, code, now)
        elif program.failures and now - program.started_at >= STEADY_SECONDS:
            program.failures = 0
            forget_ending(self._home, program.part.name)

    def _replace_silent(self, program: Program, now: float) -> None:
        """Kill a reconciler that hangs or was stopped; that it ended is seen at the next look."""
        record = program.record
        if program.part.name != "reconciler" or record is None:
            return
        if self._heartbeat.has_stopped(record.pid, now):
            say(f"reconciler, process {record.pid}, left no heartbeat for too long: killed")
            kill_session(record)

    def _start(self, program: Program, now: float) -> None:
        part = program.part
        with self._home.log(part.name).open("ab") as log:
            program.process = subprocess.Popen(
                ["/bin/sh", "-c", part.command],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**self._environment, **part.variables},
                start_new_session=True,
            )
        program.starts, program.started_at = program.starts + 1, now
        program.record = record_of(
            part.program, program.process.pid, self._mark, program.starts, part.inputs
        )
        write_record(self._home.record(part.name), program.record)

    def _mourn(self, program: Program, code: int | None, now: float) -> None:
        """Set the time of the next start; what the dead one's session still runs stays on record.

        That is how the flow runs of a killed worker go on, and are still found by `make down`.
        """
        name, record = program.part.name, program.record
        if record is not None and members(record):
            self._home.record(name).rename(self._home.record(f"{name}.{record.pid}"))
        steady = now - program.started_at >= STEADY_SECONDS
        program.failures = 0 if steady else program.failures + 1
        write_ending(self._home, Ending(name, code, max(1, program.failures)))
        program.process = program.record = None
        program.due_at = now + pause_before_start(program.failures)
        how = "" if code is None else f" with code {code}"
        say(f"{name} ended{how}; start {program.starts + 1} follows")

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
    procfile = Path("Procfile").read_text(encoding="utf-8")
    wanted = parts(procfile, os.environ, served(home.root / "router"))
    record = record_of("supervisor", os.getpid(), os.environ[MARK], inputs=all_inputs(wanted))
    write_record(home.record("supervisor"), record)
    Supervisor(home, wanted, os.environ, patience(settings().reconcile_seconds)).run()


if __name__ == "__main__":
    main()
