"""Records of the stack's processes, which identify them by pid and creation time, never by name."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil

from blocks.providers.process.identity import ProcessIdentity, this_boot
from blocks.providers.process.identity import is_alive as identity_alive
from blocks.providers.process.process_table import entry
from stack.environment import MARK
from tasks.home import write_private

KILL_SECONDS = 5.0
REGISTRATION = "register"
"""What `make up` starts beside the supervisor, until all is registered."""
STOP_ORDER = (
    "supervisor",
    REGISTRATION,
    "worker",
    "reconciler",
    "router",
    "reads",
    "server",
)


@dataclass(frozen=True, slots=True)
class ProcessRecord:
    """One process of the stack, the leader of its own session.

    Attributes:
        program: ``supervisor`` or a name in the Procfile.
        pid: Its process id, which is its session's id too.
        create_time: When it was created, in seconds since the epoch; for display only, as the clock
            may be set.
        mark: Token of the start of the stack it belongs to, in its environment.
        starts: How often the supervisor has started this program.
        inputs: A digest of what it was started with.
        started: When it was created, by a clock that nobody can set.
        boot_id: The boot in which it was created.
    """

    program: str
    pid: int
    create_time: float
    mark: str
    starts: int = 1
    inputs: str = ""
    started: float = 0.0
    boot_id: str = ""

    @property
    def identity(self) -> ProcessIdentity:
        """Its identity, which holds when the clock is set and when its pid is used again."""
        return ProcessIdentity("", self.pid, self.started, self.boot_id)


def record_of(
    program: str, pid: int, mark: str, starts: int = 1, inputs: str = ""
) -> ProcessRecord:
    """Return the record of a process that runs now, of which the caller is the parent."""
    created, table_entry = psutil.Process(pid).create_time(), entry(pid)
    started = table_entry.started if table_entry else 0.0
    return ProcessRecord(program, pid, created, mark, starts, inputs, started, this_boot())


def write_record(path: Path, record: ProcessRecord) -> None:
    """Keep ``record`` at ``path``."""
    write_private(path, json.dumps(asdict(record)))


def read_record(path: Path) -> ProcessRecord | None:
    """Return the record kept at ``path``; None when there is none that can be read.

    A record of another part, or of a process of another home, does not count: the folder of a home
    may have been copied, and its records would have the parts of the first home ended.
    """
    try:
        record = ProcessRecord(**json.loads(path.read_text(encoding="utf-8")))
        part = path.name.partition(".")[0].partition("-")[0]
        return record if record.program == part and _is_of(record, path.parent.parent) else None
    except (FileNotFoundError, ValueError, TypeError, AttributeError):
        return None


def _is_of(record: ProcessRecord, home: Path) -> bool:
    """Tell whether a recorded process, or one of its session, belongs to this home."""
    processes = [psutil.Process(record.pid)] if is_alive(record) else members(record)[:1]
    try:
        folders = [home_of(process.environ()) for process in processes]
    except (psutil.Error, OSError):  # it has just ended
        return True
    return all(folder is not None and folder.resolve() == home.resolve() for folder in folders)


def home_of(variables: Mapping[str, str]) -> Path | None:
    """Return the home of the part of a stack that has these variables; None if it is none."""
    if folder := variables.get("SLIPWAY_HOME"):
        return Path(folder)
    # All that Caddy gets to know of the home is where it may keep its state.
    folder = variables.get("XDG_DATA_HOME")
    return Path(folder).parent if folder else None


def read_records(folder: Path) -> list[ProcessRecord]:
    """Return every record kept in ``folder``."""
    return [record for path in folder.glob("*.json") if (record := read_record(path)) is not None]


def is_alive(record: ProcessRecord | None) -> bool:
    """Tell whether the recorded process itself still runs."""
    return record is not None and identity_alive(record.identity)


def members(record: ProcessRecord) -> list[psutil.Process]:
    """Return the living processes of the record's session: it, and flow runs it started.

    The session outlives its leader, so this finds what a killed worker left behind. The mark in
    their environment excludes a foreign session that was given the same number.
    """
    processes = []
    for process in psutil.process_iter():
        try:
            if os.getsid(process.pid) != record.pid or process.status() == psutil.STATUS_ZOMBIE:
                continue
            if process.environ().get(MARK) == record.mark:
                processes.append(process)
        except (psutil.Error, OSError):
            continue
    return processes


def stop_sessions(records: Iterable[ProcessRecord], grace_seconds: float) -> int:
    """End every process of the records' sessions, flow runs before the worker that started them.

    Flow runs report their end to the server, which is therefore stopped last.

    Returns:
        How many processes had to be ended.
    """
    records = list(records)
    leaders = {record.pid for record in records}
    flow_runs = [each for record in records for each in members(record) if each.pid not in leaders]
    ended = stop_processes(flow_runs, grace_seconds)
    for program in STOP_ORDER:
        sessions = [record for record in records if record.program == program]
        remaining = [each for record in sessions for each in members(record)]
        ended += stop_processes(remaining, grace_seconds)
    return ended


def kill_session(record: ProcessRecord) -> None:
    """Kill every process of the record's session at once, also those that a signal has stopped."""
    for process in members(record):
        _send(process, signal.SIGKILL)


def kill_leader(record: ProcessRecord) -> None:
    """Kill the recorded process and nothing that it has started."""
    if is_alive(record):
        with suppress(ProcessLookupError):
            os.kill(record.pid, signal.SIGKILL)


def stop_processes(doomed: list[psutil.Process], grace_seconds: float) -> int:
    """Ask the processes to end, kill those still there after ``grace_seconds``; return how many."""
    for process in doomed:
        _send(process, signal.SIGTERM)
    for process in _remaining(doomed, grace_seconds):
        _send(process, signal.SIGKILL)
    _remaining(doomed, KILL_SECONDS)
    return len(doomed)


def _remaining(doomed: list[psutil.Process], timeout_seconds: float) -> list[psutil.Process]:
    """Wait for the processes to end; return those that have not by then."""
    deadline = time.monotonic() + timeout_seconds
    while (remaining := [each for each in doomed if _runs(each)]) and time.monotonic() < deadline:
        time.sleep(0.05)
    return remaining


def _runs(process: psutil.Process) -> bool:
    """Tell whether a process still runs; a zombie only waits for its parent to reap it."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def wait_gone(record: ProcessRecord, timeout_seconds: float) -> bool:
    """Wait until the recorded process has ended; False when it still runs after the time-out."""
    deadline = time.monotonic() + timeout_seconds
    while is_alive(record):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def _send(process: psutil.Process, number: signal.Signals) -> None:
    try:
        process.send_signal(number)
    except psutil.NoSuchProcess:
        return
