"""Finds processes of the stack whose record was torn, deleted, or never written.

A living supervisor writes such records again; this is for a supervisor that is dead as well, has
had no time for it, or finds no room on the disk.
"""

from __future__ import annotations

import os
from collections.abc import Mapping

import psutil

from stack.environment import MARK
from stack.record import (
    REGISTRATION,
    ProcessRecord,
    is_alive,
    read_record,
    read_records,
    record_of,
    write_record,
)
from tasks.home import Home

_PARTS = ("supervisor", "server", "worker", "reconciler", "reads")
_MODULES = {
    **{f"stack.{name}.main": name for name in _PARTS},
    "stack.registration.register": REGISTRATION,
}
_ROUTER = "router"


def recollect(home: Home) -> int:
    """Write a record of each part of the stack that has none; return how many.

    Its inputs are not known, so `make up` restarts it. A registration is no part that stays.
    """
    count = 0
    for record in lost_records(home):
        name = record.program
        if name == REGISTRATION:
            continue
        is_taken = is_alive(read_record(home.record(name)))
        write_record(home.record(f"{name}.{record.pid}" if is_taken else name), record)
        count += 1
    return count


def lost_records(home: Home) -> list[ProcessRecord]:
    """Return a record of each leader of a session of ours that has none; write nothing."""
    recorded_pids = {record.pid for record in read_records(home.stack) if is_alive(record)}
    lost = []
    for process in psutil.process_iter():
        try:
            if process.pid in recorded_pids or os.getsid(process.pid) != process.pid:
                continue
            name, mark = _part(process, home), process.environ().get(MARK, "")
            if not name or not mark:
                continue
            lost.append(record_of(name, process.pid, mark))
        except (psutil.Error, OSError):
            continue
    return lost


def successor_of(supervisor: ProcessRecord, home: Home) -> ProcessRecord | None:
    """Return the living supervisor that is on record instead of ``supervisor``, if there is one."""
    recorded = read_record(home.record(supervisor.program))
    is_other = recorded is not None and recorded.pid != supervisor.pid
    return recorded if is_other and is_alive(recorded) else None


def unrecorded(home: Home, records: Mapping[str, ProcessRecord]) -> dict[str, ProcessRecord]:
    """Return those of ``records``, by name, that are missing in ``home`` or differ there."""
    return {
        name: record for name, record in records.items() if read_record(home.record(name)) != record
    }


def _part(process: psutil.Process, home: Home) -> str:
    """Return the part of the stack in ``home`` that a process runs, or ``""`` if it runs none."""
    variables = process.environ()
    if variables.get("SLIPWAY_HOME") == str(home.root):
        words = process.cmdline()
        return next((name for module, name in _MODULES.items() if module in words), "")
    # All that Caddy gets to know of the home is where it may keep its state.
    return _ROUTER if variables.get("XDG_DATA_HOME") == str(home.root / _ROUTER) else ""
