"""The supervisor process: runs each process of the Procfile in its own session, and restarts it.

A killed worker comes back, and its neighbours never notice.
"""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from types import FrameType

from blocks.routers.extent import served
from stack.disk_reserve import Reserve
from stack.endings import Ending, forget_ending, write_ending
from stack.environment import MARK
from stack.hanging import HangDetector
from stack.heartbeat import Heartbeat, beat, patience
from stack.log import rotate, say
from stack.parts import Part, all_inputs, parts
from stack.record import (
    ProcessRecord,
    is_alive,
    kill_leader,
    kill_session,
    members,
    read_record,
    read_records,
    record_of,
    stop_sessions,
    write_record,
)
from stack.record_keeping import RecordKeeper
from stack.record_recovery import successor_of, unrecorded
from stack.supervisor.answers import keep_asking
from stack.supervisor.program import Program, next_start
from tasks.home import Home
from tasks.settings import settings

STEADY_SECONDS = 60.0
"""A process that dies after it has run this long does not count as failed."""
GRACE_SECONDS = 10.0


class Supervisor:
    """Takes over the parts that run, starts the others, restarts those that die, stops them all.

    A full disk does not end it: it writes its records when there is room.

    Args:
        home: The home of the stack.
        desired: The parts to keep running.
        environment: The one that they get.
        health_url: Where the server answers as long as it does not hang.
        patience_seconds: After how long without a heartbeat reconciler, worker, server and
            the process that answers reads are replaced.
    """

    def __init__(
        self,
        home: Home,
        desired: Sequence[Part],
        environment: Mapping[str, str],
        health_url: str,
        patience_seconds: float,
    ) -> None:
        self._home, self._environment = home, dict(environment)
        self._health_url = health_url
        self._records = RecordKeeper(Reserve(home.reserve_file), say)
        server = home.server_heartbeat_file
        beating = {
            "reconciler": Heartbeat(home.heartbeat_file, patience_seconds),
            "worker": Heartbeat(home.worker_heartbeat_file, patience_seconds),
            "reads": Heartbeat(home.reads_heartbeat_file, patience_seconds),
            "server": Heartbeat(server, patience_seconds, starts_silent=True),
        }
        self._hanging = {part.name: HangDetector(beating.get(part.name)) for part in desired}
        self._programs = [Program(part) for part in desired]
        self._own = record_of("supervisor", os.getpid(), self._mark, inputs=all_inputs(desired))
        self._stopping, self._leaving = threading.Event(), False

    def run(self) -> None:
        """Supervise until SIGTERM or SIGINT, then stop everything; on SIGUSR1 leave it running."""
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGUSR1):
            signal.signal(number, self._on_signal)
        self._write_record("supervisor", self._own)
        self._take_over()
        self._ask_the_server()
        while not self._stopping.is_set():
            self._look(time.monotonic())
            self._stopping.wait(0.2)
        if not self._leaving:
            self._stop()

    def _ask_the_server(self) -> None:
        asking = (self._health_url, self._home.server_heartbeat_file, self._stopping)
        threading.Thread(target=keep_asking, args=asking, daemon=True).start()

    def _look(self, now: float) -> None:
        """Look once at every part; what the system refuses is tried again at the next look."""
        beat(self._home.supervisor_heartbeat_file)
        self._records.catch_up()
        self._keep_recorded()
        for program in self._programs:
            name = program.part.name
            self._records.endure(name, partial(self._look_at, program, now))
            self._records.endure(name, partial(self._replace_hanging, program, now))
        for log in self._home.logs.glob("*.log"):
            self._records.endure(f"{log} is not rotated", partial(rotate, log))

    def _keep_recorded(self) -> None:
        """Rewrite records that are gone or torn; leave everything to a successor, if any."""
        if successor := successor_of(self._own, self._home):
            say(f"process {successor.pid} supervises in the place of this one")
            self._leaving = True
            self._stopping.set()
            return
        ours = {program.part.name: program.record for program in self._programs if program.record}
        for name, record in unrecorded(self._home, {"supervisor": self._own, **ours}).items():
            self._write_record(name, record)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        del frame
        self._leaving = number == signal.SIGUSR1
        self._stopping.set()

    def _take_over(self) -> None:
        """Adopt parts that run with their desired inputs; end those that run with others."""
        desired = {program.part.name: program for program in self._programs}
        for name in desired:
            forget_ending(self._home, name)  # a part that failed may have other settings now
        for path in sorted(self._home.stack.glob("*.json")):
            record = read_record(path)
            if record is None or record.pid == os.getpid() or record.mark != self._mark:
                continue
            program = desired.get(path.stem)
            if program is not None and is_alive(record) and record.inputs == program.part.inputs:
                program.record, program.starts = record, record.starts
                say(f"took over {path.stem}, process {record.pid}")
            elif program is not None or record.program == "router":
                self._records.endure(path.stem, partial(self._end, path, record))

    def _end(self, path: Path, record: ProcessRecord) -> None:
        """End a part that is not desired as it is; the flow runs of a dead worker go on."""
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
            self._records.forget(f"the end of {program.part.name}")
            forget_ending(self._home, program.part.name)

    def _replace_hanging(self, program: Program, now: float) -> None:
        """Kill a part that hangs or was stopped; the next look notices that it has ended.

        The flow runs of a worker go on.
        """
        record, name = program.record, program.part.name
        if record is None or not (why := self._hanging[name].reason(record.pid, now)):
            return
        say(f"{name}, process {record.pid}, {why}: killed")
        if name == "worker":
            kill_leader(record)
        else:
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
        self._write_record(part.name, program.record)

    def _write_record(self, name: str, record: ProcessRecord) -> None:
        self._records.write(
            f"the process of {name}", partial(write_record, self._home.record(name), record)
        )

    def _mourn(self, program: Program, code: int | None, now: float) -> None:
        """Set the time of the next start; if the dead part's session still runs, keep its record.

        That is how the flow runs of a killed worker go on, and are still found by `make down`.
        """
        name, record = program.part.name, program.record
        steady = now - program.started_at >= STEADY_SECONDS
        program.failures = 0 if steady else program.failures + 1
        program.process = program.record = None
        program.due_at = next_start(program.started_at, now, program.failures)
        how = "" if code is None else f" with code {code}"
        say(f"{name} ended{how}; start {program.starts + 1} follows")
        if record is not None and members(record):
            self._records.forget(f"the process of {name}")
            aside = f"{name}.{record.pid}"
            self._write_record(aside, record)
        ending = Ending(name, code, max(1, program.failures))
        self._records.write(f"the end of {name}", partial(write_ending, self._home, ending))

    def _stop(self) -> None:
        own = os.getpid()
        supervised = [program.record for program in self._programs if program.record]
        recorded = [record for record in read_records(self._home.stack) if record.pid != own]
        records = {record.pid: record for record in (*recorded, *supervised)}
        say(f"stopped {stop_sessions(records.values(), GRACE_SECONDS)} processes")


def main() -> None:
    """Supervise the Procfile of this folder under the settings of this environment."""
    current = settings()
    home = Home(current.root)
    procfile = Path("Procfile").read_text(encoding="utf-8")
    desired = parts(procfile, os.environ, served(home.root / "router"))
    most_silent = patience(current.reconcile_seconds)
    Supervisor(home, desired, os.environ, f"{current.api_url}/health", most_silent).run()


if __name__ == "__main__":
    main()
